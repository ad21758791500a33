import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, startFixture, traced } from './fixture.ts';
import { endGrant, makeGrant, mismatch } from './grants.ts';
import { modelRevision } from './model.ts';
import { apply, arrayOf, clear, exported, lines, OPTIONS, policyOf, type Sketch, wholeAnswer } from './policies.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
beforeEach(() => clear(fixture));
afterAll(async () => {
  await fixture?.stop();
});

const make = (sketch: Sketch, options = {}, context = {}) => apply(fixture.policies, sketch, options, context);
const roleId = async (name: string) => {
  const [row] = await fixture.rows<{ id: string }>('select id from authz.roles where name = $1', [name]);
  return row?.id ?? '';
};
const levels = async () =>
  Object.fromEntries(
    (await fixture.rows<{ name: string; level: number }>('select name, level from authz.roles order by name')).map(
      ({ name, level }) => [name, level],
    ),
  );
const invalid = (...problems: [field: string, reason: string][]) => ({
  kind: 'invalid',
  reason: 'POLICY_INVALID',
  metadata: { problems: String(problems.length) },
  fields: problems.map(([field, reason]) => ({ field, description: expect.stringMatching(`^${reason}: `) })),
});
const precondition = (reason: string, field?: string, metadata = {}) => ({
  kind: 'precondition',
  reason,
  ...(field ? { fields: [expect.objectContaining({ field })] } : {}),
  metadata: expect.objectContaining(metadata),
});
/** How much of everything that a change leaves is there. */
const traces = async () => [await modelRevision(fixture), await counted('outbox'), await counted('invalidations')];
const counted = async (table: string) => {
  const [row] = await fixture.rows<{ count: bigint }>(`select count(*) from authz.${table}`);
  return row?.count;
};
const chain = (length: number, prefix = 'c') =>
  Array.from({ length }, (_, index) => ({
    name: `${prefix}${index}`,
    parent: index === 0 ? '' : `${prefix}${index - 1}`,
  }));

const BEFORE: Sketch = {
  permissions: [{ name: 'files:read', description: 'Read', category: 'files' }, 'files:write', 'files:*'],
  roles: [
    { name: 'writer', parent: 'reader', permissions: ['files:write'] },
    { name: 'reader', description: 'Reads', permissions: ['files:read'] },
    { name: 'clerk' },
    { name: 'guest', deniedPermissions: ['files:*'] },
  ],
  exclusions: [['writer', 'clerk', 'Two pairs of eyes']],
};

describe('applying a document', () => {
  it('makes what it lists, and answers with the difference, the revision and a token', async () => {
    const before = await modelRevision(fixture);
    const { changes, revision, consistencyToken } = await make(BEFORE);
    expect(lines(changes)).toEqual([
      '+ permission files:*',
      '+ permission files:read',
      '+ permission files:write',
      '+ role clerk',
      '+ role guest',
      '+ role reader',
      '+ role writer',
      '+ exclusion clerk writer',
    ]);
    expect(revision).toBe(before + 1n);
    expect(await modelRevision(fixture)).toBe(revision);
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    const { role } = await fixture.model.getRole({ roleId: await roleId('writer') });
    expect(role).toMatchObject({
      parentRoleId: await roleId('reader'),
      level: 1,
      permissions: ['files:write'],
      isSystemRole: false,
    });
  });

  it('is seen by checks at once', async () => {
    await make(BEFORE);
    const { userId } = await makeGrant(fixture, { roleId: await roleId('writer') });
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, 'files:read')).toBe(true);
    const { consistencyToken } = await make({ permissions: ['files:read'], roles: [{ name: 'reader' }] });
    expect(await fixture.allowed(userId, 'files:read', atLeast(consistencyToken))).toBe(false);
    expect(await fixture.allowed(userId, 'files:read')).toBe(false);
  });

  it('changes what is listed otherwise, field by field, and tells what it does not list', async () => {
    await make(BEFORE);
    const { changes } = await make({
      permissions: [{ name: 'files:read', description: 'See', isDangerous: true, condition: 'context.ok == true' }],
      roles: [
        { name: 'writer', description: 'Writes', permissions: ['files:read'], deniedPermissions: ['files:write'] },
        { name: 'auditor', parent: 'writer' },
      ],
      exclusions: [['clerk', 'writer', 'Another reason']],
    });
    expect(lines(changes, true)).toEqual([
      '. permission files:*',
      '~ permission files:read: description Read>See, category files>, is_dangerous false>true, condition >context.ok == true',
      '. permission files:write',
      '+ role auditor',
      '. role clerk',
      '. role guest',
      '. role reader',
      '~ role writer: description >Writes, parent reader>, permissions +files:read -files:write, denied_permissions +files:write',
      '~ exclusion clerk writer: reason Two pairs of eyes>Another reason',
    ]);
    expect(await levels()).toEqual({ auditor: 1, clerk: 0, guest: 0, reader: 0, writer: 0 });
    expect((await exported(fixture.policies)).policy.exclusions).toEqual([
      { role: 'clerk', excludedRole: 'writer', reason: 'Another reason' },
    ]);
  });

  it('makes denials what it says of their conditions, and tells what is other than before', async () => {
    const under = (...conditions: [permission: string, condition: string][]): Sketch => ({
      permissions: ['d:one', 'd:two', 'd:three'],
      roles: [
        {
          name: 'denying',
          deniedPermissions: ['d:one', 'd:two'],
          denialConditions: conditions.map(([name, condition]) => ({ permission: name, condition })),
        },
      ],
    });
    await make(under(['d:one', 'context.a == 1']));
    const context = traced();
    const { changes } = await make(under(['d:one', 'context.a == 2'], ['d:two', 'context.b == 1']), {}, context);
    expect(lines(changes)).toEqual([
      '~ role denying: denial_conditions +d:one if context.a == 2 +d:two if context.b == 1 -d:one if context.a == 1',
    ]);
    const [event] = await fixture.eventsOf(context.requestId, 1);
    expect(event).toMatchObject({
      eventType: 'role.updated',
      attributes: {
        add_denied_permissions: 'd:one d:two',
        denial_conditions: 'd:one if context.a == 2; d:two if context.b == 1',
      },
    });
    expect(lines((await make(under())).changes)).toEqual([
      '~ role denying: denial_conditions -d:one if context.a == 2 -d:two if context.b == 1',
    ]);
    expect((await make(under())).changes.filter(({ name }) => name === 'denying')).toEqual([]);
    const { policy } = await exported(fixture.policies);
    expect(policy.roles.find(({ name }) => name === 'denying')).toMatchObject({
      deniedPermissions: ['d:one', 'd:two'],
      denialConditions: [],
    });
  });

  it('leaves the audit events of the single RPCs, with who did it', async () => {
    await make(BEFORE);
    const context = traced();
    await make(
      {
        permissions: [{ name: 'files:read', description: 'See', category: 'files' }, 'files:list'],
        roles: [{ name: 'reader', permissions: ['files:list'] }, { name: 'new', parent: 'reader' }, { name: 'lone' }],
        exclusions: [['new', 'lone', 'Why']],
      },
      { prune: true },
      context,
    );
    const events = await fixture.eventsOf(context.requestId, 12);
    expect(events.map(({ eventType, attributes }) => [eventType, attributes.role ?? attributes.permission])).toEqual(
      [
        ['permission.created', 'files:list'],
        ['permission.updated', 'files:read'],
        ['role.created', 'new'],
        ['role.created', 'lone'],
        ['role.updated', 'reader'],
        ['role_exclusion.created', undefined],
        ['role_exclusion.deleted', undefined],
        ['role.deleted', 'clerk'],
        ['role.deleted', 'guest'],
        ['role.deleted', 'writer'],
        ['permission.deleted', 'files:*'],
        ['permission.deleted', 'files:write'],
      ].sort(() => 0),
    );
    expect(events.find(({ eventType }) => eventType === 'role.updated')).toMatchObject({
      actor: 'peer:operator/test',
      attributes: { description: 'none', add_permissions: 'files:list', remove_permissions: 'files:read' },
    });
    expect(await fixture.metric('authz_role_created_total')).toBeGreaterThanOrEqual(6);
  });

  it('deletes what is not listed only when asked to, ended grants and exclusions with it', async () => {
    await make(BEFORE);
    await endGrant(fixture, await makeGrant(fixture, { roleId: await roleId('guest') }));
    const { changes } = await make({ permissions: ['files:read'], roles: [{ name: 'writer' }] }, { prune: true });
    expect(lines(changes).filter((line) => line.startsWith('-'))).toEqual([
      '- permission files:*',
      '- permission files:write',
      '- role clerk',
      '- role guest',
      '- role reader',
      '- exclusion clerk writer',
    ]);
    expect((await exported(fixture.policies)).policy).toEqual(
      policyOf({ permissions: ['files:read'], roles: [{ name: 'writer' }] }),
    );
    expect(await counted('role_grants')).toBe(0n);
  });

  it('never prunes a role that users have, and then does nothing at all', async () => {
    await make(BEFORE);
    await makeGrant(fixture, { roleId: await roleId('guest') });
    const before = await traces();
    await expect(make({ roles: [{ name: 'other' }] }, { prune: true })).rejects.toMatchObject(
      precondition('ROLE_IN_USE', undefined, { role: 'guest', grants: '1', roles: '1' }),
    );
    expect(await traces()).toEqual(before);
  });

  it('takes a document in parts, in whatever order, and refuses one that does not end', async () => {
    const parts = [
      { ...OPTIONS, policy: policyOf({ roles: [{ name: 'low', parent: 'high', permissions: ['p:q'] }] }) },
      { ...OPTIONS, policy: undefined },
      { ...OPTIONS, policy: policyOf({ exclusions: [['low', 'other']] }) },
      { ...OPTIONS, policy: policyOf({ roles: [{ name: 'high' }, { name: 'other' }], permissions: ['p:q'] }) },
    ].map((part, index, all) => ({ ...part, isComplete: index === all.length - 1 }));
    const refusal = { kind: 'invalid', reason: 'POLICY_INCOMPLETE' };
    await expect(wholeAnswer(fixture.policies, parts.slice(0, -1))).rejects.toMatchObject(refusal);
    await expect(wholeAnswer(fixture.policies, [])).rejects.toMatchObject(refusal);
    expect(await levels()).toEqual({});
    expect(lines((await wholeAnswer(fixture.policies, parts)).changes)).toHaveLength(5);
  });

  it('does nothing when the caller goes away before the end', async () => {
    const cut = new AbortController();
    async function* begun() {
      yield { ...OPTIONS, isComplete: false, prune: true, policy: policyOf({ roles: [{ name: 'half' }] }) };
      cut.abort();
      await new Promise(() => {});
    }
    const before = await traces();
    await expect(wholeAnswer(fixture.policies, begun(), { signal: cut.signal })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(await traces()).toEqual(before);
  });

  it('refuses options that differ from those of the first message', async () => {
    const first = { ...OPTIONS, isComplete: false, policy: undefined };
    const later = { ...OPTIONS, policy: undefined, dryRun: true, prune: true, mustMatchRevision: 7n };
    await expect(wholeAnswer(fixture.policies, [first, later])).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: ['dry_run', 'prune', 'must_match_revision'].map((field) => expect.objectContaining({ field })),
    });
    await wholeAnswer(fixture.policies, [
      { ...first, dryRun: true },
      { ...OPTIONS, policy: undefined },
    ]);
  });

  it('holds each message to the limits of its fields', async () => {
    await expect(make({ roles: [{ name: 'Not a name' }] })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'policy.roles[0].name' })],
    });
  });

  it('answers a difference that is larger than a message in several', async () => {
    const permissions = Array.from({ length: 1_200 }, (_, index) => `many:p${index}`);
    const answers = await arrayOf(fixture.policies.applyPolicy([{ ...OPTIONS, policy: policyOf({ permissions }) }]));
    expect(answers.map(({ changes, isComplete }) => [changes.length, isComplete])).toEqual([
      [500, false],
      [500, false],
      [200, true],
    ]);
  });
});

describe('a dry run, and a document without a difference', () => {
  it('a dry run says what would be done, and leaves no trace', async () => {
    await make(BEFORE);
    const document = { roles: [{ name: 'reader' }, { name: 'new', parent: 'writer' }] };
    const before = await traces();
    const dry = await make(document, { dryRun: true });
    expect(dry.revision).toBe(before[0]);
    expect(await traces()).toEqual(before);
    expect(await levels()).not.toHaveProperty('new');
    const real = await make(document);
    expect(real.changes).toEqual(dry.changes);
    expect(real.revision).toBe(dry.revision + 1n);
  });

  it('a dry run is refused as the apply is', async () => {
    await make(BEFORE);
    await makeGrant(fixture, { roleId: await roleId('guest') });
    const errorOf = (dryRun: boolean) =>
      make({}, { dryRun, prune: true }).catch(({ kind, reason, message, metadata }) => [
        kind,
        reason,
        message,
        metadata,
      ]);
    const refused = await errorOf(true);
    expect(refused).toContain('ROLE_IN_USE');
    expect(await errorOf(false)).toEqual(refused);
  });

  it('no difference changes nothing, the revision neither', async () => {
    const { revision } = await make(BEFORE);
    const before = await traces();
    expect(await make(BEFORE, { prune: true })).toMatchObject({ changes: [], revision });
    expect(await traces()).toEqual(before);
  });
});

describe('a revision to match', () => {
  it('is refused when it is not the present one, by a dry run as well', async () => {
    const { revision } = await make(BEFORE);
    for (const dryRun of [false, true]) {
      const options = { mustMatchRevision: revision - 1n, dryRun };
      await expect(make({ roles: [{ name: 'x' }] }, options)).rejects.toMatchObject(mismatch(revision - 1n, revision));
    }
    await make({ roles: [{ name: 'x' }] }, { mustMatchRevision: revision });
  });

  it('lets one of two win', async () => {
    const mustMatchRevision = await modelRevision(fixture);
    const answers = await Promise.allSettled(
      ['one', 'two', 'three'].map((name) => make({ roles: [{ name }] }, { mustMatchRevision })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []))).toEqual([
      'REVISION_MISMATCH',
      'REVISION_MISMATCH',
    ]);
  });
});

describe('a document that is wrong', () => {
  it('is told all that is wrong, with places', async () => {
    await expect(
      make({
        permissions: ['a:b', 'a:b', { name: 'c:d', condition: 'request.nothing' }],
        roles: [
          {
            name: 'r',
            permissions: ['a:b'],
            deniedPermissions: ['c:d', 'a:b'],
            denialConditions: [
              { permission: 'e:f', condition: 'true' },
              { permission: 'c:d', condition: 'request.nothing' },
              { permission: 'c:d', condition: 'true' },
            ],
          },
          { name: 'r' },
          {
            name: 'wide',
            permissions: Array.from({ length: 1_001 }, (_, index) => `x:y${index}`),
            deniedPermissions: Array.from({ length: 1_000 }, (_, index) => `x:z${index}`),
          },
        ],
        exclusions: [
          ['r', 's'],
          ['s', 'r'],
        ],
      }),
    ).rejects.toMatchObject(
      invalid(
        ['policy.permissions[1].name', 'NAME_TWICE'],
        ['policy.permissions[2].condition', 'CONDITION_INVALID'],
        ['policy.roles[0].denial_conditions[0]', 'DENIAL_NOT_FOUND'],
        ['policy.roles[0].denial_conditions[2]', 'DENIAL_TWICE'],
        ['policy.roles[0].denied_permissions[1]', 'PERMISSION_TWICE'],
        ['policy.roles[0].denial_conditions[1].condition', 'CONDITION_INVALID'],
        ['policy.roles[1].name', 'NAME_TWICE'],
        ['policy.roles[2]', 'ROLE_PERMISSIONS_TOO_MANY'],
        ['policy.exclusions[1]', 'EXCLUSION_TWICE'],
      ),
    );
  });

  it('is told what it refers to and is not there', async () => {
    await make({ permissions: ['a:b'], roles: [{ name: 'known', permissions: ['a:b'] }] });
    const document: Sketch = {
      roles: [
        { name: 'r', parent: 'known', permissions: ['a:b'] },
        { name: 's', parent: 'absent', permissions: ['a:b', 'no:ne'], deniedPermissions: ['not:one'] },
      ],
      exclusions: [['r', 'nobody']],
    };
    await expect(make({ ...document, exclusions: [] })).rejects.toMatchObject(
      invalid(
        ['policy.roles[1].parent', 'PARENT_ROLE_NOT_FOUND'],
        ['policy.roles[1].permissions[1]', 'PERMISSION_NOT_FOUND'],
        ['policy.roles[1].denied_permissions[0]', 'PERMISSION_NOT_FOUND'],
      ),
    );
    const { roles: [first] = [], exclusions = [] } = document;
    await expect(make({ roles: first ? [first] : [], exclusions })).rejects.toMatchObject(
      invalid(['policy.exclusions[0].excluded_role', 'ROLE_NOT_FOUND']),
    );
    // What is pruned is not there either.
    await expect(make({ roles: first ? [first] : [] }, { prune: true })).rejects.toMatchObject(
      invalid(
        ['policy.roles[0].parent', 'PARENT_ROLE_NOT_FOUND'],
        ['policy.roles[0].permissions[0]', 'PERMISSION_NOT_FOUND'],
      ),
    );
    await make({ roles: first ? [first] : [] });
  });

  it('is told of cycles, those through what it does not list included', async () => {
    const cycle = [
      { name: 'a', parent: 'b' },
      { name: 'b', parent: 'a' },
    ];
    await expect(make({ roles: cycle })).rejects.toMatchObject(invalid(['policy.roles[0].parent', 'ROLE_CYCLE']));
    await expect(make({ roles: [{ name: 'self', parent: 'self' }] })).rejects.toMatchObject(
      invalid(['policy.roles[0].parent', 'ROLE_CYCLE']),
    );
    await make({ roles: chain(3) });
    await expect(make({ roles: [{ name: 'c0', parent: 'c2' }] })).rejects.toMatchObject(
      invalid(['policy.roles[0].parent', 'ROLE_CYCLE']),
    );
  });

  it('is told of roles that would lie too deep, those that it does not list included', async () => {
    await expect(make({ roles: chain(34) })).rejects.toMatchObject(
      invalid(['policy.roles[33].parent', 'ROLE_TOO_DEEP']),
    );
    await make({ roles: [...chain(32), ...chain(2, 'd')] });
    await expect(make({ roles: [{ name: 'd0', parent: 'c31' }] })).rejects.toMatchObject(
      invalid(['policy.roles[0].parent', 'ROLE_TOO_DEEP']),
    );
    await make({ roles: [{ name: 'd0', parent: 'c30' }] });
    expect(await levels()).toMatchObject({ d0: 31, d1: 32 });
  });

  it('is told of exclusions that nobody could keep', async () => {
    const roles = [{ name: 'a' }, { name: 'b', parent: 'a' }];
    await expect(make({ roles, exclusions: [['b', 'a']] })).rejects.toMatchObject(
      invalid(['policy.exclusions[0]', 'EXCLUSION_IMPOSSIBLE']),
    );
    await expect(make({ roles, exclusions: [['a', 'a']] })).rejects.toMatchObject(
      invalid(['policy.exclusions[0]', 'EXCLUSION_IMPOSSIBLE']),
    );
  });

  it('tells the first sixteen problems, and how many there are', async () => {
    const permissions = Array.from({ length: 20 }, (_, index) => ({ name: `p:q${index}`, condition: '1' }));
    const error = await make({ permissions }).catch((thrown) => thrown);
    expect(error).toMatchObject({ reason: 'POLICY_INVALID', metadata: { problems: '20' } });
    expect(error.fields).toHaveLength(16);
  });

  it('is refused when it is larger than one may be', async () => {
    async function* many() {
      for (let part = 0; part <= 5; part += 1) {
        const roles = Array.from({ length: 2_000 }, (_, index) => ({ name: `r${part * 2_000 + index}` }));
        yield { ...OPTIONS, isComplete: part === 5, policy: policyOf({ roles }) };
      }
    }
    await expect(wholeAnswer(fixture.policies, many())).rejects.toMatchObject({
      kind: 'limited',
      reason: 'POLICY_TOO_LARGE',
    });
  });
});

describe('moving roles by a document', () => {
  it('turns a hierarchy upside down, what it does not list following', async () => {
    await make({ roles: [...chain(4), { name: 'leaf', parent: 'c3' }, { name: 'other', parent: 'c1' }] });
    await make({
      roles: [
        { name: 'c0', parent: 'c1' },
        { name: 'c1', parent: 'c2' },
        { name: 'c2', parent: 'c3' },
        { name: 'c3', parent: 'top' },
        { name: 'top' },
      ],
    });
    expect(await levels()).toEqual({ top: 0, c3: 1, c2: 2, c1: 3, c0: 4, leaf: 2, other: 4 });
  });

  it('refuses to bring together what excludes each other, in the hierarchy and in users', async () => {
    await make({
      roles: [{ name: 'a' }, { name: 'b' }, { name: 'below-a', parent: 'a' }, { name: 'free' }],
      exclusions: [['a', 'b']],
    });
    const refusal = precondition('ROLES_EXCLUDED', 'policy.roles[0].parent', { role: 'a', excluded_role: 'b' });
    await expect(make({ roles: [{ name: 'b', parent: 'below-a' }] })).rejects.toMatchObject(refusal);
    const { userId } = await makeGrant(fixture, { roleId: await roleId('below-a') });
    const free = await makeGrant(fixture, { userId, roleId: await roleId('free') });
    await expect(make({ roles: [{ name: 'free', parent: 'b' }] })).rejects.toMatchObject(refusal);
    await endGrant(fixture, free);
    await make({ roles: [{ name: 'free', parent: 'b' }] });
  });

  it('may end an exclusion and move a role in one go', async () => {
    await make({ roles: [{ name: 'a' }, { name: 'b' }], exclusions: [['a', 'b']] });
    await make({ roles: [{ name: 'a' }, { name: 'b', parent: 'a' }] }, { prune: true });
    expect(await levels()).toEqual({ a: 0, b: 1 });
  });

  it('refuses an exclusion that users break', async () => {
    await make({ roles: [{ name: 'a' }, { name: 'b' }, { name: 'below-b', parent: 'b' }] });
    const { userId } = await makeGrant(fixture, { roleId: await roleId('a') });
    await makeGrant(fixture, { userId, roleId: await roleId('below-b') });
    await expect(
      make({
        roles: [{ name: 'c' }],
        exclusions: [
          ['c', 'a'],
          ['b', 'a'],
        ],
      }),
    ).rejects.toMatchObject(
      precondition('EXCLUSION_BREACHED', 'policy.exclusions[1]', { role: 'a', excluded_role: 'b', users: '1' }),
    );
  });

  it('lets no grant slip in between', async () => {
    await make({ roles: [{ name: 'a' }, { name: 'b' }] });
    const ids = [await roleId('a'), await roleId('b')];
    const users = Array.from({ length: 6 }, () => randomUUID());
    const answers = await Promise.allSettled([
      ...users.flatMap((userId) => ids.map((id) => fixture.grant(userId, id))),
      make({ exclusions: [['a', 'b']] }),
    ]);
    const isExcluded = answers.at(-1)?.status === 'fulfilled';
    const [row] = await fixture.rows<{ both: bigint }>(
      'select count(*) as both from (select from authz.role_grants group by user_id having count(*) = 2) held',
    );
    if (isExcluded) expect(row?.both).toBe(0n);
    else expect(row?.both).toBeGreaterThan(0n);
  });
});

describe('system roles', () => {
  const SYSTEM: Sketch = {
    permissions: ['sys:do', 'other:do'],
    roles: [{ name: 'above' }, { name: 'system', parent: 'above', permissions: ['sys:do'] }, { name: 'mine' }],
  };
  const protect = async () => {
    await make(SYSTEM);
    await fixture.rows(`update authz.roles set is_system_role = true where name = 'system'`);
  };

  it('are refused another content, and taken as they are', async () => {
    await protect();
    const changed = { roles: [{ name: 'mine' }, { name: 'system', parent: 'above', description: 'Mine' }] };
    await expect(make(changed)).rejects.toMatchObject(
      precondition('SYSTEM_ROLE_PROTECTED', 'policy.roles[1]', { role: 'system' }),
    );
    expect((await make(SYSTEM, { prune: true })).changes).toEqual([]);
  });

  it('are left alone by a prune, with what they need', async () => {
    await protect();
    expect(lines((await make({}, { prune: true })).changes, true)).toEqual([
      '- permission other:do',
      '. permission sys:do',
      '. role above',
      '- role mine',
      '. role system',
    ]);
  });
});
