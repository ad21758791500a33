import { randomUUID } from 'node:crypto';
import { connectGatehouse } from '@gatehouse/client';
import {
  AuthzServiceService,
  type ConditionProblem,
  Decision,
  ExplanationKind,
  type RoleGrant,
  Standing,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { GrantStatusChange } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import {
  bidiClient,
  createTestDatabase,
  metricsOf,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, type AuthzenFixture, EVALUATION, evaluation, SUBJECTS, startAuthzen } from './authzen-door.ts';
import { FULLY, permission, startFixture } from './fixture.ts';
import { FIRST_PAGE, makeGrant, NO_CHANGE } from './grants.ts';
import { apply, arrayOf, exported, OPTIONS, wholeAnswer } from './policies.ts';
import { readStream, WELL } from './read-stream.ts';

/** What only another version could have stored, and where this one stumbles. */
const STRANGE = 'request.authentication_level >= 1 &&\n  request.ip.isInSomeRange("10.0.0.0/8")';
const PLACE = { line: 2, column: 3, offset: 39 };
const PROBLEM: ConditionProblem = { ...PLACE, message: expect.stringContaining('isInSomeRange') };
const WHY = expect.stringMatching(/^This version can't read the condition \(line 2, column 3\): .* Give another one/s);

let database: TestDatabase;
let fixture: AuthzenFixture;
/** Has a role whose permission has the condition; one whose grant has it; one who is denied by a grant that has it. */
const [keeper, guest, barred] = [randomUUID(), randomUUID(), randomUUID()] as const;
let sees: string;
let guestGrant: RoleGrant;
let barring: RoleGrant;

beforeAll(async () => {
  database = await createTestDatabase('authz');
  const before = await startFixture({ database });
  const opens = await before.role({ name: 'opens', permissions: ['vault:open'] });
  sees = await before.role({ name: 'sees', permissions: ['hall:see'] });
  await before.operator.createPermission({ ...permission('unheld:see') });
  const { role } = await before.operator.createRole({
    name: 'blind',
    description: '',
    parentRoleId: '',
    permissions: [],
    deniedPermissions: ['hall:see'],
    denialConditions: [],
  });
  await before.grant(keeper, opens);
  guestGrant = await makeGrant(before, { userId: guest, roleId: sees });
  await before.grant(barred, sees);
  barring = await makeGrant(before, { userId: barred, roleId: role?.roleId ?? '' });
  await before.rows("update authz.permissions set condition = $1 where name in ('vault:open', 'unheld:see')", [
    STRANGE,
  ]);
  await before.rows('update authz.role_grants set condition = $1 where id = any($2::uuid[])', [
    STRANGE,
    [guestGrant.grantId, barring.grantId],
  ]);
  await before.stop();
  fixture = await startAuthzen({ database });
});
afterAll(async () => {
  await fixture?.stop();
  await database?.drop();
});

const DENIED = { decision: Decision.DECISION_DENIED, undetermined: WHY };
const ASKED = [
  ['the condition of a permission', keeper, 'vault:open'],
  ['that of a grant', guest, 'hall:see'],
  ['that of a grant that denies', barred, 'hall:see'],
] as const;
const item = (userId: string, name: string) => ({ userId, permission: name, resource: '', context: undefined });
const consistency = { requirement: FULLY };

describe('a stored condition that can not be read', () => {
  it.each(ASKED)('is undetermined in every answer: %s', async (_what, userId, name) => {
    const { operator } = fixture;
    const asked = item(userId, name);
    expect(await operator.check({ ...asked, consistency })).toEqual(DENIED);
    expect(await operator.check({ ...asked, consistency: undefined })).toEqual(DENIED);
    // From Redis and memory as from Postgres.
    await fixture.warm(userId);
    expect(await operator.check({ ...asked, consistency: undefined })).toEqual(DENIED);
    const { results } = await operator.batchCheck({ items: [asked, asked], consistency });
    expect(results).toEqual([
      { ...DENIED, error: undefined },
      { ...DENIED, error: undefined },
    ]);
    const streamed = await readStream(fixture, AuthzServiceService.streamCheck, { item: asked, consistency });
    expect(streamed).toEqual({ messages: [{ ...DENIED, error: undefined }], end: WELL });
    const { decision, undetermined, kind, evidence, sentences } = await operator.explainCheck({ item: asked });
    expect([decision, undetermined]).toEqual([Decision.DECISION_DENIED, WHY]);
    expect([ExplanationKind.EXPLANATION_KIND_CONDITION, ExplanationKind.EXPLANATION_KIND_DENIED]).toContain(kind);
    expect(evidence?.conditions).toMatchObject([{ condition: STRANGE, undetermined: WHY, facts: [] }]);
    expect(sentences.join('\n')).toContain("This version can't read the condition");
    const { permissions } = await operator.listUserPermissions({
      userId,
      resource: '',
      context: undefined,
      consistency,
      pageSize: 0,
      pageToken: '',
    });
    expect(permissions.filter((each) => each.standing === Standing.STANDING_UNDETERMINED)).toMatchObject([
      { name, undetermined: WHY, decision: Decision.DECISION_DENIED },
    ]);
    const resource = { type: name.split(':')[0] ?? '', id: '7' };
    expect(await fixture.answer(EVALUATION, evaluation(userId, name.split(':')[1] ?? '', resource))).toMatchObject({
      decision: false,
      context: { reason: 'UNDETERMINED', reason_admin: { 403: WHY } },
    });
  });

  it('is undetermined in lists as well, and keeps nobody else out of them', async () => {
    const other = randomUUID();
    await fixture.grant(other, sees);
    const users = await readStream(fixture, AuthzServiceService.lookupUsers, {
      permission: 'hall:see',
      resource: '',
      context: undefined,
      consistency,
      pageSize: 0,
      pageToken: '',
    });
    expect(users.end).toEqual(WELL);
    expect(users.messages.flatMap(({ userIds }) => userIds)).toEqual([other]);
    expect(users.messages.flatMap(({ undetermined }) => undetermined.map(({ userId }) => userId)).sort()).toEqual(
      [guest, barred].sort(),
    );
    for (const [, userId, name] of ASKED) {
      const resources = await readStream(fixture, AuthzServiceService.lookupResources, {
        userId,
        permission: name,
        resourceType: '',
        context: undefined,
        consistency,
        pageSize: 0,
        pageToken: '',
      });
      expect(resources.end).toEqual(WELL);
      expect(resources.messages.flatMap(({ scopes }) => scopes)).toMatchObject([{ scope: '', undetermined: WHY }]);
    }
    const subject = { type: 'user' };
    const hall = { type: 'hall', id: '7' };
    const found = await fixture.answer(SUBJECTS, { subject, action: { name: 'see' }, resource: hall });
    expect(found.results).toEqual([{ type: 'user', id: other }]);
    const actions = await fixture.answer(ACTIONS, { subject: { ...subject, id: guest }, resource: hall });
    expect(actions.results).toEqual([]);
  });

  it('is passed on as it stands to those who decide themselves, and they hear of changes', async () => {
    const { messages, end } = await readStream(fixture, WatchServiceService.readModel, {});
    expect(end).toEqual(WELL);
    const held = messages.flatMap(({ roles }) => roles.flatMap(({ permissions }) => permissions));
    expect(held.find(({ name }) => name === 'vault:open')?.condition).toBe(STRANGE);
    const watch = fixture.service.connectAs('app/test', WatchServiceService);
    const { users } = await watch.getUserGrants({ userIds: [guest] });
    expect(users[0]?.grants.map(({ condition }) => condition)).toEqual([STRANGE]);
    const client = await bidiClient(fixture.service, 'app/test');
    const stream = client.open(WatchServiceService.watchChanges, { 'grpc-timeout': '60S' });
    stream.send({ question: 1n, resumeToken: '' });
    await waitFor(() => stream.responses.length > 0);
    await makeGrant(fixture, { userId: guest });
    await waitFor(() =>
      stream.responses.some(
        ({ event }) => event?.$case === 'changes' && event.value.changes.some(({ userId }) => userId === guest),
      ),
    );
    client.close();
  });

  it('is undetermined in the process of a client too, which decides all else from its copy', async () => {
    const files = await (await testAuthority()).issue('app/test');
    const { address } = fixture.service;
    const warnings: Error[] = [];
    const client = connectGatehouse({
      session: { address },
      authz: { address },
      tls: { ...files, trustDomain: testStores().trustDomain },
      permissionCache: {},
      onWarning: (error: Error) => warnings.push(error),
    } as never);
    try {
      const { permissions } = client;
      const fine = randomUUID();
      await fixture.give(fine, ['street:walk']);
      const plain = { userId: fine, permission: 'street:walk' };
      await waitFor(async () => {
        await permissions.check(plain);
        return permissions.peek(plain)?.isAllowed;
      });
      for (const [, userId, name] of ASKED) {
        const asked = { userId, permission: name };
        expect(await permissions.check(asked)).toEqual({ isAllowed: false, undetermined: WHY });
        // The service may be able to read what this process can't: nothing is decided here where it matters.
        expect(permissions.peek(asked)).toBeUndefined();
      }
      expect(warnings).toEqual([]);
    } finally {
      client.close();
    }
  });

  it('is shown with its problem by what shows permissions and grants', async () => {
    const listed = await fixture.model.listPermissions({ category: '', pageSize: 0, pageToken: '' });
    const problems = listed.permissions.flatMap(({ name, condition, conditionProblem }) =>
      conditionProblem ? [{ name, condition, conditionProblem }] : [],
    );
    expect(problems).toEqual([
      { name: 'unheld:see', condition: STRANGE, conditionProblem: PROBLEM },
      { name: 'vault:open', condition: STRANGE, conditionProblem: PROBLEM },
    ]);
    const { grant } = await fixture.grants.getGrant({ userId: guest, grantId: guestGrant.grantId });
    expect(grant).toMatchObject({ condition: STRANGE, conditionProblem: PROBLEM });
    const { grants } = await fixture.grants.listGrants({ ...FIRST_PAGE, of: { $case: 'userId', value: barred } });
    expect(grants.map((each) => [each.grant?.grantId, each.grant?.conditionProblem])).toContainEqual([
      barring.grantId,
      PROBLEM,
    ]);
    expect(grants.filter((each) => each.grant?.conditionProblem === undefined)).toHaveLength(1);
  });

  it('is exported as it stands with its problem, and refused at its place when it is applied', async () => {
    const parts = await arrayOf(fixture.policies.exportPolicy({}));
    expect(parts.flatMap(({ conditionProblems }) => conditionProblems)).toEqual([
      { permission: 'unheld:see', role: '', problem: PROBLEM },
      { permission: 'vault:open', role: '', problem: PROBLEM },
    ]);
    const { policy } = await exported(fixture.policies);
    const at = policy.permissions.findIndex(({ name }) => name === 'vault:open');
    expect(policy.permissions[at]?.condition).toBe(STRANGE);
    const fields = [{ field: `policy.permissions[${at}].condition`, description: expect.stringContaining('isInSome') }];
    await expect(wholeAnswer(fixture.policies, [{ ...OPTIONS, policy }])).rejects.toMatchObject({
      reason: 'POLICY_INVALID',
      fields: expect.arrayContaining(fields.map((each) => expect.objectContaining(each))),
    });
    const exportedGrants = await arrayOf(fixture.policies.exportGrants({ pageSize: 2, pageToken: '' }));
    const told = exportedGrants.flatMap(({ grants, conditionProblems }) =>
      conditionProblems.map(({ index, grantId, problem }) => ({ userId: grants[index]?.userId, grantId, problem })),
    );
    expect(told.sort((a, b) => (a.grantId < b.grantId ? -1 : 1))).toEqual([
      { userId: guest, grantId: guestGrant.grantId, problem: PROBLEM },
      { userId: barred, grantId: barring.grantId, problem: PROBLEM },
    ]);
  });

  it('is counted while a role has it, and told once in the log', async () => {
    await fixture.role({ permissions: ['some:change'] });
    expect(await fixture.allowed(randomUUID(), 'some:change', FULLY)).toBe(false);
    expect(await metricsOf(fixture.service)).toMatch(/^authz_unreadable_conditions(\{.*\})? 1$/m);
  });

  it('stands in the way of no other change, nor of an end', async () => {
    const { permissions } = await fixture.model.listPermissions({ category: '', pageSize: 0, pageToken: '' });
    const vault = permissions.find(({ name }) => name === 'vault:open');
    const change = { permissionId: vault?.permissionId ?? '', mustMatchRevision: undefined };
    const unchanged = { description: undefined, category: undefined, isDangerous: undefined, condition: undefined };
    const described = await fixture.model.updatePermission({ ...change, ...unchanged, description: 'Behind the door' });
    expect(described.permission).toMatchObject({ description: 'Behind the door', conditionProblem: PROBLEM });
    await expect(fixture.model.updatePermission({ ...change, ...unchanged, condition: STRANGE })).rejects.toMatchObject(
      {
        reason: 'CONDITION_INVALID',
      },
    );
    const of = { userId: guest, grantId: guestGrant.grantId, mustMatchRevision: undefined };
    const keep = { ...NO_CHANGE, condition: undefined, reason: undefined };
    for (const statusChange of [
      GrantStatusChange.GRANT_STATUS_CHANGE_SUSPEND,
      GrantStatusChange.GRANT_STATUS_CHANGE_RESUME,
    ]) {
      const { grant } = await fixture.grants.updateGrant({ ...of, ...keep, statusChange, reason: 'Kept' });
      expect(grant).toMatchObject({ reason: 'Kept', condition: STRANGE, conditionProblem: PROBLEM });
    }
    // Documents that do not list it, and a role that comes to hold it.
    await apply(fixture.policies, { roles: [{ name: 'second', permissions: ['vault:open'] }] });
    await fixture.model.deletePermission({
      permissionId: permissions.find(({ name }) => name === 'unheld:see')?.permissionId ?? '',
      force: false,
      mustMatchRevision: undefined,
    });
    await fixture.grants.revokeGrant({
      userId: barred,
      grantId: barring.grantId,
      reason: '',
      mustMatchRevision: undefined,
    });
    expect(await fixture.allowed(barred, 'hall:see', FULLY)).toBe(true);
  });

  it('counts as soon as another one stands in its place', async () => {
    const { permissions } = await fixture.model.listPermissions({ category: '', pageSize: 0, pageToken: '' });
    const { permission: repaired } = await fixture.model.updatePermission({
      permissionId: permissions.find(({ name }) => name === 'vault:open')?.permissionId ?? '',
      mustMatchRevision: undefined,
      description: undefined,
      category: undefined,
      isDangerous: undefined,
      condition: 'request.authentication_level >= 0',
    });
    expect(repaired?.conditionProblem).toBeUndefined();
    const { grant } = await fixture.grants.updateGrant({
      userId: guest,
      grantId: guestGrant.grantId,
      mustMatchRevision: undefined,
      ...NO_CHANGE,
      reason: undefined,
      condition: '',
    });
    expect(grant?.conditionProblem).toBeUndefined();
    expect(await fixture.allowed(keeper, 'vault:open', FULLY)).toBe(true);
    expect(await fixture.allowed(guest, 'hall:see', FULLY)).toBe(true);
    expect(await metricsOf(fixture.service)).toMatch(/^authz_unreadable_conditions(\{.*\})? 0$/m);
    const parts = await arrayOf(fixture.policies.exportPolicy({}));
    expect(parts.flatMap(({ conditionProblems }) => conditionProblems)).toEqual([]);
    expect(
      await wholeAnswer(fixture.policies, [{ ...OPTIONS, policy: (await exported(fixture.policies)).policy }]),
    ).toMatchObject({
      changes: [],
    });
  });
});

describe('that of a denial', () => {
  it('denies as if it held, is shown and exported with its role, counted and told, and can be replaced', async () => {
    const own = await createTestDatabase('authz');
    const before = await startFixture({ database: own });
    const userId = randomUUID();
    await before.grant(userId, await before.role({ name: 'sees', permissions: ['attic:see'] }));
    const { role } = await before.operator.createRole({
      name: 'kept-out',
      description: '',
      parentRoleId: '',
      permissions: [],
      deniedPermissions: ['attic:see'],
      denialConditions: [{ permission: 'attic:see', condition: 'request.authentication_level < 1' }],
    });
    const roleId = role?.roleId ?? '';
    await before.grant(userId, roleId);
    await before.rows("update authz.role_permissions set condition = $1 where effect = 'deny'", [STRANGE]);
    await before.stop();

    const after = await startFixture({ database: own });
    expect(await after.operator.check({ ...item(userId, 'attic:see'), consistency })).toEqual(DENIED);
    expect(await metricsOf(after.service)).toMatch(/^authz_unreadable_conditions(\{.*\})? 1$/m);
    const shown = (await after.model.getRole({ roleId })).role;
    expect(shown?.denialConditions).toEqual([{ permission: 'attic:see', condition: STRANGE }]);
    expect(shown?.denialConditionProblems).toEqual([{ permission: 'attic:see', problem: PROBLEM }]);
    const parts = await arrayOf(after.policies.exportPolicy({}));
    expect(parts.flatMap(({ conditionProblems }) => conditionProblems)).toEqual([
      { permission: 'attic:see', role: 'kept-out', problem: PROBLEM },
    ]);
    const repaired = await after.model.updateRole({
      roleId,
      description: undefined,
      parentRoleId: undefined,
      mustMatchRevision: undefined,
      addPermissions: [],
      removePermissions: [],
      addDeniedPermissions: ['attic:see'],
      denialConditions: [{ permission: 'attic:see', condition: 'request.authentication_level > 200' }],
      removeDeniedPermissions: [],
    });
    expect(repaired.role?.denialConditionProblems).toEqual([]);
    expect(await after.allowed(userId, 'attic:see', FULLY)).toBe(true);
    await after.stop();
    await own.drop();
  });
});
