import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandRig, startCommandRig } from './authz-service.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/policy');

let rig: CommandRig;

beforeAll(async () => {
  rig = await startCommandRig();
});
afterAll(() => rig?.stop());

// One after the other on one model, as an operator would.
describe('gatehouse authz apply and export', () => {
  it('tells by a dry run what an apply would do, and ends with 2', async () => {
    const file = join(EXAMPLES, 'minimal.yaml');
    const expected = [
      '+ permission invoices:approve',
      '+ permission invoices:read',
      '+ role accountant',
      '+ role viewer',
    ];
    expect(await rig.run('apply', '--dry-run', file)).toEqual({
      status: 2,
      stdout: [...expected, '4 created, 0 changed, 0 deleted; nothing was done: a dry run', ''].join('\n'),
      stderr: '',
    });
    expect(await rig.run('apply', file)).toEqual({
      status: 0,
      stdout: [...expected, '4 created, 0 changed, 0 deleted; done, revision 1', ''].join('\n'),
      stderr: '',
    });
    expect(await rig.run('apply', '--dry-run', file)).toEqual({
      status: 0,
      stdout: '0 created, 0 changed, 0 deleted; nothing to do\n',
      stderr: '',
    });
  });

  it('shows each field that is other than before, and what the file does not list', async () => {
    const file = rig.write(
      'changed.yaml',
      `version: 1
permissions:
  invoices:read: { description: "See \\"them\\"", dangerous: true }
  invoices:list:
roles:
  viewer: { permissions: [invoices:list], deny: [invoices:read] }
  clerk: { parent: viewer }
exclusions:
`,
    );
    const { status, stdout } = await rig.run('apply', file);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '? permission invoices:approve',
      '+ permission invoices:list',
      '~ permission invoices:read description: "See invoices" → "See \\"them\\"", dangerous: "false" → "true"',
      '? role accountant',
      '+ role clerk',
      '~ role viewer permissions: +invoices:list -invoices:read, deny: +invoices:read',
      '2 created, 2 changed, 0 deleted; 2 not in the file; done, revision 2',
      '',
    ]);
  });

  it('deletes what the file does not list when asked to, and tells it as JSON', async () => {
    const file = rig.write('little.yaml', 'version: 1\npermissions: { invoices:read: }\nroles: { viewer: , clerk: }\n');
    const { stdout } = await rig.run('apply', file, '--prune', '--json');
    expect(JSON.parse(stdout)).toEqual({
      applied: true,
      revision: '3',
      consistencyToken: expect.any(String),
      changes: [
        { kind: 'deleted', item: 'permission', name: 'invoices:approve' },
        { kind: 'deleted', item: 'permission', name: 'invoices:list' },
        {
          kind: 'changed',
          item: 'permission',
          name: 'invoices:read',
          fields: { description: { from: 'See "them"', to: '' }, dangerous: { from: 'true', to: 'false' } },
        },
        { kind: 'deleted', item: 'role', name: 'accountant' },
        { kind: 'changed', item: 'role', name: 'clerk', fields: { parent: { from: 'viewer', to: '' } } },
        {
          kind: 'changed',
          item: 'role',
          name: 'viewer',
          fields: {
            permissions: { added: [], removed: ['invoices:list'] },
            deny: { added: [], removed: ['invoices:read'] },
          },
        },
      ],
      warnings: [],
    });
  });

  it('shows conditions of denials, and warns of a denial that had that of the permission', async () => {
    const file = (deny: string) =>
      rig.write(
        'denying.yaml',
        `version: 1
permissions:
  invoices:read: { condition: request.authentication_level >= 2 }
roles:
  viewer:
    deny: [${deny}]
`,
      );
    const under = (condition: string) => `{ permission: invoices:read, condition: ${condition} }`;
    const warning =
      /^denying\.yaml:6:12: warning: The role viewer denies invoices:read always\. .* \[DENIAL_WITHOUT_CONDITION\]$/;
    expect((await rig.run('apply', file(under('context.a')))).stdout.split('\n').slice(0, 3)).toEqual([
      '~ permission invoices:read condition: "" → "request.authentication_level >= 2"',
      '? role clerk',
      '~ role viewer deny: +invoices:read, deny_conditions: +invoices:read if context.a',
    ]);
    const dry = await rig.run('apply', '--dry-run', file('invoices:read'));
    expect(dry.status).toBe(2);
    expect(dry.stdout.split('\n')).toEqual([
      expect.stringMatching(warning),
      '? role clerk',
      '~ role viewer deny_conditions: -invoices:read if context.a',
      '0 created, 1 changed, 0 deleted; 1 not in the file; nothing was done: a dry run',
      '',
    ]);
    const done = await rig.run('apply', file('invoices:read'), '--json');
    expect(done.status).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      changes: [
        { name: 'clerk' },
        { name: 'viewer', fields: { deny_conditions: { added: [], removed: ['invoices:read if context.a'] } } },
      ],
      warnings: [{ line: 6, column: 12, code: 'DENIAL_WITHOUT_CONDITION' }],
    });
    expect((await rig.run('apply', file('invoices:read'))).stdout).toMatch(/nothing to do\n$/);
    const clean = await rig.run('apply', file(under('true')));
    expect(clean.stdout).toContain('~ role viewer deny_conditions: +invoices:read if true\n');
    expect(clean.stdout).not.toContain('warning');
  });

  it('exports a file that makes no difference, and that the tests of the example pass with', async () => {
    expect((await rig.run('apply', join(EXAMPLES, 'organisation.yaml'), '--prune')).status).toBe(0);
    expect(await rig.run('export', '--output', 'exported.yaml')).toEqual({ status: 0, stdout: '', stderr: '' });
    const text = readFileSync(join(rig.folder, 'exported.yaml'), 'utf8');
    expect((await rig.run('export')).stdout).toBe(text);
    expect((await rig.run('apply', '--dry-run', '--prune', 'exported.yaml')).stdout).toBe(
      '0 created, 0 changed, 0 deleted; nothing to do\n',
    );
    const tests = readFileSync(join(EXAMPLES, 'organisation.yaml'), 'utf8');
    const tested = rig.write('tested.yaml', text + tests.slice(tests.indexOf('\ntests:')));
    expect((await rig.run('test', tested)).stdout).toBe('34 passed, 0 failed\n');
  });

  it('tells what is wrong with the file before it asks anybody, and ends with 1', async () => {
    const file = rig.write('wrong.yaml', 'version: 1\nroles:\n  a: { parent: b }\n');
    expect(await rig.runWith({ GATEHOUSE_AUTHZ_ADDRESS: '127.0.0.1:1' }, 'apply', file)).toEqual({
      status: 1,
      stdout: 'wrong.yaml:3:16: There is no role "b", which a has as its parent. Did you mean a? [UNKNOWN_PARENT]\n',
      stderr: '',
    });
  });

  it('tells what the service refuses at its place in the file, and ends with 1', async () => {
    const denied = rig.write(
      'denied.yaml',
      'version: 1\npermissions: { a:b: , c:d: }\nroles:\n  low:\n    parent: high\n    permissions: [a:b, c:d]\n    deny: [a:b]\n  high:\n',
    );
    expect(await rig.run('apply', denied)).toEqual({
      status: 1,
      stdout: 'denied.yaml:7:12: The role also holds a:b. [PERMISSION_TWICE]\n',
      stderr: '',
    });
    expect(JSON.parse((await rig.run('apply', denied, '--json')).stdout)).toMatchObject({
      problems: [{ line: 7, column: 12, code: 'PERMISSION_TWICE' }],
    });
    const warned = rig.write(
      'warned.yaml',
      'version: 1\npermissions: { a:b: { condition: context.a } }\nroles:\n  low: { permissions: [a:b], deny: [a:b] }\n',
    );
    expect(JSON.parse((await rig.run('apply', warned, '--json')).stdout)).toMatchObject({
      problems: [{ line: 4, column: 37, code: 'PERMISSION_TWICE' }],
      warnings: [{ line: 4, column: 37, code: 'DENIAL_WITHOUT_CONDITION' }],
    });

    const operator = rig.service.connectAs('operator/test', AuthzServiceService);
    const model = rig.service.connectAs('operator/test', ModelServiceService);
    const { roles } = await model.listRoles({ parentRoleId: '', pageSize: 0, pageToken: '' });
    const always = { scope: '', validFrom: undefined, validUntil: undefined, condition: '', requiresApproval: false };
    const userId = randomUUID();
    for (const name of ['editor', 'lead']) {
      const roleId = roles.find((role) => role.name === name)?.roleId ?? '';
      await operator.grantRole({ userId, roleId, reason: '', ...always });
    }
    const pruned = rig.write('pruned.yaml', 'version: 1\n');
    expect((await rig.run('apply', pruned, '--prune')).stdout).toBe(
      'pruned.yaml:1:1: There are users who have the role editor, which the document does not list. [ROLE_IN_USE]\n',
    );
    const excluding = rig.write(
      'excluding.yaml',
      'version: 1\nroles:\n  editor: { description: Writes as well }\n  lead:\nexclusions:\n  - roles: [lead, editor]\n',
    );
    expect((await rig.run('apply', excluding, '--dry-run')).stdout).toBe(
      'excluding.yaml:6:5: There are users who hold editor and lead. [EXCLUSION_BREACHED]\n',
    );
  });

  it('needs a service, and says how it is told which', async () => {
    const file = join(EXAMPLES, 'minimal.yaml');
    const nowhere = await rig.runWith({ GATEHOUSE_AUTHZ_ADDRESS: '127.0.0.1:1' }, 'apply', file);
    expect(nowhere).toMatchObject({ status: 1, stdout: expect.stringContaining('UNAVAILABLE') });
    const home = join(rig.folder, 'home');
    const env = { GATEHOUSE_HOME: home, GATEHOUSE_AUTHZ_ADDRESS: '' };
    const unset = await rig.runWith(env, 'export');
    expect(unset).toMatchObject({ status: 1, stderr: expect.stringContaining('set GATEHOUSE_AUTHZ_ADDRESS') });
    mkdirSync(home);
    writeFileSync(join(home, 'env'), `export AUTHZ=https://${rig.service.address}\n`);
    expect((await rig.runWith(env, 'export')).stdout).toContain('version: 1');
  });
});
