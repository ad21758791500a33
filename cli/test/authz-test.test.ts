import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples/policy');

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-authz-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command as npx does, with a folder of its own as the current one. */
function run(...args: string[]) {
  const command = [process.execPath, join(ROOT, 'cli/bootstrap/run.mjs'), 'authz', 'test', ...args];
  const { status, stdout, stderr } = spawnSync('env', [`INIT_CWD=${folder}`, ...command], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function write(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const minimal = readFileSync(join(EXAMPLES, 'minimal.yaml'), 'utf8');

describe('gatehouse authz test', () => {
  it.each([
    ['minimal.yaml', 4],
    ['organisation.yaml', 34],
  ])('passes the example %s', (name, count) => {
    expect(run(join(EXAMPLES, name))).toEqual({ status: 0, stdout: `${count} passed, 0 failed\n`, stderr: '' });
  });

  it('tells each check that fails, with its place and why, and ends with 1', () => {
    const file = write('failing.yaml', minimal.replaceAll('expect: denied', 'expect: allowed'));
    const { status, stdout } = run(file);
    expect(status).toBe(1);
    const test = 'an accountant approves invoices of her own tenant, with a second factor';
    expect(stdout.trim().split('\n')).toEqual([
      `failing.yaml:14:9: ${test}: expected ada to be allowed. Denied: invoices:approve on tenant/7. A condition does not hold. The grant 1 gives accountant on tenant/7, and accountant allows invoices:approve. The condition of the permission, request.authentication_level >= 2, is false. It looked at request.authentication_level = 0.`,
      `failing.yaml:16:9: ${test}: expected ada to be allowed. Denied: invoices:read on tenant/8. The grant 1 is for tenant/7 only. The grant 1 gives accountant on tenant/7, and viewer (accountant > viewer) allows invoices:read.`,
      '2 passed, 2 failed',
    ]);
  });

  it.each([
    ['passes', 'denied', 0, '1 passed, 0 failed'],
    ['fails', 'allowed', 1, '0 passed, 1 failed'],
  ])('warns where a policy that %s means something else than formerly, and ends as without', (...row) => {
    const [title, expect_, status, last] = row;
    const file = write(
      `warned-${title}.yaml`,
      `version: 1
permissions:
  a:b: { condition: request.authentication_level >= 2 }
roles:
  allowing: { permissions: [a:b] }
  limited: { deny: [{ permission: a:b, condition: true }] }
  denying:
    deny:
      - a:b
tests:
  - name: whoever proves less
    grants: [{ user: ada, role: allowing }, { user: ada, role: denying }]
    checks: [{ user: ada, permission: a:b, context: { authentication_level: 3 }, expect: ${expect_} }]
`,
    );
    const ran = run(file);
    expect(ran).toMatchObject({ status, stderr: '' });
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      new RegExp(`^${file}:9:9: warning: The role denying denies a:b always\\. .* \\[DENIAL_WITHOUT_CONDITION\\]$`),
    );
    expect(lines.filter((line) => line.includes('warning'))).toHaveLength(1);
    expect(lines.at(-1)).toBe(last);
    const json = run(file, '--json');
    expect(json.status).toBe(status);
    expect(JSON.parse(json.stdout)).toMatchObject({
      warnings: [{ line: 9, column: 9, code: 'DENIAL_WITHOUT_CONDITION', message: expect.any(String) }],
    });
  });

  it('tells the same as JSON', () => {
    const file = write('failing.json.yaml', minimal.replaceAll('expect: allowed', 'expect: denied'));
    const { status, stdout } = run(file, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      passed: 2,
      failed: [
        {
          line: 13,
          column: 9,
          user: 'ada',
          permission: 'invoices:read',
          resource: 'tenant/7/invoice/1',
          expected: 'denied',
          got: 'allowed',
          kind: 'allowed',
          grant: '1',
          role: 'accountant',
          path: ['accountant', 'viewer'],
          held: 'invoices:read',
        },
        { line: 15, conditions: [{ of: 'permission', outcome: 'true' }] },
      ],
    });
  });

  it('tells what is wrong with a file, with places, and ends with 2', () => {
    const file = write('wrong.yaml', 'version: 1\nroles:\n  a: { parent: b, allow: [] }\n');
    expect(run(file)).toEqual({
      status: 2,
      stdout: [
        'wrong.yaml:3:16: There is no role "b", which a has as its parent. Did you mean a? [UNKNOWN_PARENT]',
        'wrong.yaml:3:19: The role a has no key "allow". It may have description, parent, permissions, deny. [UNKNOWN_KEY]',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(JSON.parse(run(file, '--json').stdout)).toMatchObject({
      problems: [{ line: 3, column: 16, code: 'UNKNOWN_PARENT' }, { code: 'UNKNOWN_KEY' }],
    });
  });

  it.each([
    ['is not there', 'missing.yaml', /^missing.yaml:1:1: .*ENOENT.* \[FILE_UNREADABLE\]\n$/],
    ['is no text', write('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])), /\[FILE_UNREADABLE\]\n$/],
    ['is too large', write('large.yaml', Buffer.alloc(4 * 1024 * 1024 + 1, '#')), /\[FILE_TOO_LARGE\]\n$/],
  ])('ends with 2 when the file %s', (_title, file, printed) => {
    const { status, stdout } = run(file);
    expect(status).toBe(2);
    expect(stdout).toMatch(printed);
  });

  it('needs the name of a file', () => {
    const { status, stderr } = run();
    expect(status).toBe(2);
    expect(stderr).toContain("missing required argument 'policy'");
  });
});
