import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@gatehouse/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { certificateLife, lifeProblem, lifeWarning } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-life-'));
afterAll(() => rmSync(directory, { recursive: true }));
const authority = await createAuthority({ directory, trustDomain: 'test.local' });
const pem = (days: number, name = 'session') => readFileSync(authority.issueSync(name, { days }).cert, 'utf8');

const LIFE = { notBeforeMs: 1_000, notAfterMs: 4_000 };

describe('the life of a certificate', () => {
  it('is that of its chain: it ends with the first of it', () => {
    const [leaf, issuer] = [pem(30), pem(2, 'ops')];
    expect(certificateLife(`${leaf}\n${issuer}`).notAfterMs).toBe(certificateLife(issuer).notAfterMs);
    expect(certificateLife(`${issuer}${leaf}`).notAfterMs).toBe(certificateLife(issuer).notAfterMs);
    expect(() => certificateLife('nothing')).toThrow();
  });

  it.each([
    [999, 'not good before 1970-01-01T00:00:01.000Z'],
    [1_000, undefined],
    [4_000, undefined],
    [4_001, 'has ended, at 1970-01-01T00:00:04.000Z'],
  ])('at %d says %s', (nowMs, problem) => {
    if (problem === undefined) expect(lifeProblem(LIFE, nowMs)).toBeUndefined();
    else expect(lifeProblem(LIFE, nowMs)).toContain(problem);
  });

  it.each([
    [1_000, undefined],
    [3_000, undefined],
    [3_001, 'ends at'],
    [4_000, 'ends at'],
    [4_001, 'has ended'],
  ])('is worth a warning when less than a third of it is left: %d', (nowMs, warning) => {
    if (warning === undefined) expect(lifeWarning(LIFE, nowMs)).toBeUndefined();
    else expect(lifeWarning(LIFE, nowMs)).toContain(warning);
  });
});
