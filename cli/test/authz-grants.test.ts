import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandRig, startCommandRig } from './authz-service.ts';

let rig: CommandRig;

beforeAll(async () => {
  rig = await startCommandRig();
  const file = rig.write(
    'policy.yaml',
    'version: 1\nroles: { porter: , clerk: }\nexclusions: [{ roles: [porter, clerk] }]\n',
  );
  expect((await rig.run('apply', file)).status).toBe(0);
});
afterAll(() => rig?.stop());

const lines = (...grants: object[]) => grants.map((grant) => `${JSON.stringify(grant)}\n`).join('');
const users = Array.from({ length: 4 }, () => randomUUID()).sort();

describe('gatehouse authz import-grants and export-grants', () => {
  const full = {
    user_id: users[1],
    role: 'porter',
    scope: 'tenant/7',
    valid_from: '2026-01-01T00:00:00.000Z',
    valid_until: '2999-01-01T00:00:00.000Z',
    condition: 'request.authentication_level >= 2',
    reason: 'Night "shift"',
    status: 'suspended',
  };

  it('makes what the file says, and leaves alone what is there', async () => {
    const file = rig.write('grants.jsonl', lines({ user_id: users[0], role: 'clerk' }, full));
    const done = (granted: number, unchanged: number) => ({
      status: 0,
      stdout: `${granted} granted, ${unchanged} unchanged, 0 refused\n`,
      stderr: '',
    });
    expect(await rig.run('import-grants', file)).toEqual(done(2, 0));
    expect(await rig.run('import-grants', file)).toEqual(done(0, 2));
  });

  it('exports the file again', async () => {
    const expected = readFileSync(join(rig.folder, 'grants.jsonl'), 'utf8');
    expect(await rig.run('export-grants')).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect((await rig.run('export-grants', '--output', 'again.jsonl')).status).toBe(0);
    expect(readFileSync(join(rig.folder, 'again.jsonl'), 'utf8')).toBe(expected);
    const wrong = await rig.run('export-grants', '--from', 'nowhere');
    expect(wrong).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('page token') });
  });

  it('tells each line that is refused, by the file itself and by the service, and makes the others', async () => {
    const file = rig.write(
      'refused.jsonl',
      `${lines({ user_id: users[0], role: 'porter' })}\n${lines({ user_id: users[2], role: 'porter' })}no JSON\n${lines(
        { user_id: 'ada', role: 'porter' },
        { user_id: users[3], role: 'absent' },
        { user_id: users[3] },
        { user_id: users[3], role: 'porter', condition: '(', until: 'tomorrow' },
      )}`,
    );
    const { status, stdout } = await rig.run('import-grants', file);
    expect(status).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'refused.jsonl:4:1: The line is not JSON. [LINE_INVALID]',
      'refused.jsonl:5:1: The grant is not valid: user_id has to be a UUID in small letters. [LINE_INVALID]',
      'refused.jsonl:7:1: The grant is not valid: has to have role or role_id. [LINE_INVALID]',
      expect.stringMatching(
        /^refused.jsonl:8:1: The grant is not valid: condition .*; .*"until".*\. \[LINE_INVALID\]$/,
      ),
      'refused.jsonl:1:1: The user would hold two roles that exclude each other. [ROLES_EXCLUDED]',
      'refused.jsonl:6:1: There is no such role. [ROLE_NOT_FOUND]',
      '1 granted, 0 unchanged, 6 refused',
    ]);
    const json = (await rig.run('import-grants', file, '--json')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json[0]).toEqual({ line: 4, code: 'LINE_INVALID', message: 'The line is not JSON.' });
    expect(json.at(-1)).toEqual({ granted: 0, unchanged: 1, refused: 6 });
  });

  it('takes each line on its own, whatever is in the others', async () => {
    const userId = randomUUID();
    const grant = (scope: string, more: object = {}) =>
      JSON.stringify({ user_id: userId, role: 'porter', scope: `file/${scope}`, ...more });
    const file = rig.write(
      'kinds.jsonl',
      Buffer.concat([
        Buffer.from(`\ufeff${grant('1', { reason: 'one\u2028two' })}\n`),
        Buffer.from(`${grant('2', { reason: 'a\0b' })}\n${grant('3')}\r\n`),
        Buffer.from(`${grant('4').replace('{', '{"role":"absent",')}\n${grant('5')}\n`),
        Buffer.from(`${grant('6', { reason: 'caf\xe9' })}\n`, 'latin1'),
        Buffer.from(`${grant('7', { valid_until: '2999-02-30T00:00:00Z' })}\n`),
        Buffer.from(`${grant('8', { valid_until: '9999-12-31T23:59:59-12:00' })}\n`),
        Buffer.from(`${grant('9', { valid_until: '9999-12-31T23:59:59.9999999Z' })}\n`),
        Buffer.from(`${grant('10', { reason: '\ud800' })}\n${grant('11', { reason: 'x'.repeat(70_000) })}\n`),
        Buffer.from(`${grant('12', { reason: '🦊'.repeat(1_000) })}\n${grant('13/folder/%')}\n${grant('14')}`),
      ]),
    );
    const { status, stdout } = await rig.run('import-grants', file, '--json');
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(told.pop()).toEqual({ granted: 6, unchanged: 0, refused: 8 });
    expect([status, told.map(({ line, code }) => [line, code])]).toEqual([
      1,
      [2, 4, 6, 7, 8, 10, 11, 13].map((line) => [line, 'LINE_INVALID']),
    ]);
    const exported = (await rig.run('export-grants')).stdout.split('\n').filter((text) => text.includes(userId));
    expect(exported.map((text) => JSON.parse(text).scope).sort()).toEqual(
      ['1', '12', '14', '3', '5', '9'].map((each) => `file/${each}`),
    );
    expect(await rig.run('import-grants', rig.write('back.jsonl', exported.join('\n')))).toMatchObject({
      status: 0,
      stdout: '0 granted, 6 unchanged, 0 refused\n',
    });
  });

  it('sends a large file in several requests, with the right lines', async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => ({
      user_id: randomUUID(),
      role: index === 1_100 ? 'absent' : 'porter',
    }));
    const { status, stdout } = await rig.run('import-grants', rig.write('many.jsonl', lines(...many)));
    expect([status, stdout]).toEqual([
      1,
      'many.jsonl:1101:1: There is no such role. [ROLE_NOT_FOUND]\n1199 granted, 0 unchanged, 1 refused\n',
    ]);
  });

  it('needs the file', async () => {
    const { status, stderr } = await rig.run('import-grants', 'absent.jsonl');
    expect([status, stderr]).toEqual([1, expect.stringContaining('ENOENT')]);
  });
});
