import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretKeys } from '../src/mesh/secret-keys.ts';

const RACERS = 4;
const RACER = join(import.meta.dirname, 'fixtures/print-secret-keys.mjs');
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

describe('the secret keys of a service', () => {
  it('are made once, of 32 random bytes, and are the same from then on', () => {
    const keys = secretKeys(home, 'session');
    expect(Buffer.from(/^1:([A-Za-z0-9_-]{43})$/.exec(keys)?.[1] ?? '', 'base64url')).toHaveLength(32);
    expect(secretKeys(home, 'session')).toBe(keys);
    expect(readFileSync(join(home, 'secrets/session-keys'), 'utf8')).toBe(`${keys}\n`);
  });

  it('can be read by their owner alone, and leave no draft behind', () => {
    secretKeys(home, 'session');
    expect(mode(join(home, 'secrets'))).toBe(0o700);
    expect(mode(join(home, 'secrets/session-keys'))).toBe(0o600);
    expect(readdirSync(join(home, 'secrets'))).toEqual(['session-keys']);
  });

  it('are its own', () => {
    expect(secretKeys(home, 'authz')).not.toBe(secretKeys(home, 'session'));
  });

  it('that somebody put there are taken as they are', () => {
    mkdirSync(join(home, 'secrets'));
    writeFileSync(join(home, 'secrets/session-keys'), '2:new,1:old\n');
    expect(secretKeys(home, 'session')).toBe('2:new,1:old');
  });

  it('are never replaced when they can not be read', () => {
    mkdirSync(join(home, 'secrets/session-keys'), { recursive: true });
    expect(() => secretKeys(home, 'session')).toThrow('EISDIR');
  });

  it('are the same for processes that make them at the same time', async () => {
    const racers = Array.from({ length: RACERS }, () => fork(RACER, [home]));
    expect(racers).toHaveLength(RACERS);
    const said = await Promise.all(racers.map(async (racer) => (await once(racer, 'message'))[0]));
    expect(new Set(said).size).toBe(1);
    expect(said[0]).toBe(secretKeys(home, 'session'));
  });
});
