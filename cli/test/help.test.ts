import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../bootstrap/commands.mjs';
import { inheritedEnvironment } from '../src/config.ts';

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-help-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `npx gatehouse` comes to. */
function gatehouse(...args: string[]) {
  return gatehouseWith({}, ...args);
}

async function gatehouseWith(settings: Record<string, string>, ...args: string[]) {
  // Somewhere else: whoever only asks must not write into the checkout, or need what runs there.
  const options = { cwd: folder, env: { ...inheritedEnvironment(), ...settings } };
  const child = spawn(process.execPath, [join(root, manifest.bin.gatehouse), ...args], options);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part) => {
      text[name] += part;
    });
  }
  const [code] = await once(child, 'close');
  return { code, ...text };
}

describe('npx gatehouse', () => {
  it.each([[['--help']], [['-h']], [['help']], [['help', '--help']]])('prints help for %j', async (args) => {
    const { code, stdout, stderr } = await gatehouse(...args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: npx gatehouse <command>/);
    for (const name of Object.keys(COMMANDS)) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each(['--version', '-V'])('prints its version for %s', async (option) => {
    expect(await gatehouse(option)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it.each(Object.keys(COMMANDS))('%s --help says what it does, and does nothing', async (name) => {
    const [one, other] = await Promise.all([gatehouse(name, '--help'), gatehouse('help', name)]);
    expect([one.code, one.stderr]).toEqual([0, '']);
    expect(one.stdout).toMatch(/^Usage: np[mx] (run bench|gatehouse )/);
    expect(other).toEqual(one);
  });

  it.each(['test', 'apply', 'export', 'import-grants', 'export-grants'])('authz %s --help does too', async (name) => {
    const { code, stdout, stderr } = await gatehouse('authz', name, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: npx gatehouse authz ${name} `));
  });

  it.each([
    ['chek', /no command "chek"\. Did you mean check\?/],
    ['tset', /no command "tset"\. Did you mean test\?/],
    ['UP', /no command "UP"\. npx gatehouse --help lists them\./],
    ['constructor', /no command "constructor"\. npx gatehouse --help lists them\./],
    ['', /no command ""\. npx gatehouse --help lists them\./],
    ['--verify', /no command "--verify"\. npx gatehouse --help/],
  ])('suggests something for %j', async (word, sentence) => {
    const { code, stdout, stderr } = await gatehouse(word);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
  });

  it.each([
    [['authz', 'aply'], /Did you mean apply\?/],
    [['reset', '--al'], /unknown option '--al'/],
    [['authz'], /Usage: npx gatehouse authz/],
    [[], /Usage: npx gatehouse <command>/],
  ])('says for %j what it would take', async (args, sentence) => {
    const { code, stdout, stderr } = await gatehouse(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
  });
});

it('reads one list of wrong settings as a service does', async () => {
  const settings = { GATEHOUSE_POSTGRES_URL: 'postgres://:hunter2@db', GATEHOUSE_REDIS_URL: 'mysql://hunter2' };
  expect(await gatehouseWith({ ...settings, GATEHOUSE_HOME: folder }, 'reset')).toEqual({
    code: 78,
    stdout: '',
    stderr: `The settings are wrong:
  GATEHOUSE_POSTGRES_URL can't be used: The Postgres URL names no user. Expected: postgres://user:password@host:5432/database.
  GATEHOUSE_REDIS_URL can't be used: A Redis URL must look like redis://host:port. Expected: redis://host:6379, or with rediss, +sentinel or +cluster in front.
`,
  });
});

describe('a script of npm', () => {
  it('is the process that it starts, in each of them', () => {
    for (const script of Object.values<string>(manifest.scripts)) expect(script).toMatch(/^exec node \S+\.mjs /);
  });

  it('so that a signal to npm alone stops all of it', async () => {
    const [name = ''] = Object.keys(COMMANDS);
    const form = String(manifest.scripts[name]).replace(/\S+\.mjs.*/, 'listen.mjs');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { listen: form } }));
    const listen = `
      process.on('SIGTERM', () => process.exit());
      setInterval(() => {}, 1_000);
      console.log('pid ' + process.pid);
    `;
    writeFileSync(join(folder, 'listen.mjs'), listen);
    const npm = spawn('npm', ['run', '--silent', 'listen'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    npm.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    await waitFor(() => text.includes('pid '));
    const pid = Number(text.split(' ')[1]);
    const ended = once(npm, 'exit');
    npm.kill('SIGTERM');
    await ended;
    await waitFor(() => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });
});
