import { randomBytes, randomUUID } from 'node:crypto';
import { openWrites } from '@gatehouse/mesh';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALWAYS, type Fixture, openAs, permission, startFixture, traced } from './fixture.ts';
import { makeGrant, mismatch, NO_CHANGE, NO_TIMES } from './grants.ts';
import { modelRevision } from './model.ts';
import { makePermission } from './permissions.ts';
import { type SignIn, startSessions } from './sign-in.ts';

let sessions: SignIn;
let fixture: Fixture;

beforeAll(async () => {
  sessions = await startSessions();
  fixture = await startFixture({ env: sessions.env });
});
afterAll(async () => {
  await fixture?.stop();
  await sessions?.stop();
});

const once = () => ({ ...traced(), idempotencyKey: randomUUID() });
const grantRequest = async () => ({ userId: randomUUID(), roleId: await fixture.role(), reason: '', ...ALWAYS });
const REUSED = {
  kind: 'conflict',
  reason: 'IDEMPOTENCY_KEY_REUSED',
  fields: [expect.objectContaining({ field: 'idempotency-key' })],
};

const newRole = () => ({
  name: `role-${randomUUID()}`,
  description: '',
  parentRoleId: '',
  permissions: [],
  denialConditions: [],
  deniedPermissions: [],
});

/** Every RPC that changes something: calls that would not go well, or not go the same way, a second time. */
const CHANGES: [rpc: string, prepare: () => Promise<(context: object) => Promise<object>>][] = [
  [
    'CreatePermission',
    async () => {
      const request = permission(`things:${randomUUID()}`);
      return (context) => fixture.operator.createPermission(request, context);
    },
  ],
  [
    'CreateRole',
    async () => {
      const request = newRole();
      return (context) => fixture.operator.createRole(request, context);
    },
  ],
  [
    'GrantRole',
    async () => {
      const request = await grantRequest();
      return (context) => fixture.operator.grantRole(request, context);
    },
  ],
  [
    'RevokeRole',
    async () => {
      const { userId, roleId } = await makeGrant(fixture);
      return (context) => fixture.operator.revokeRole({ userId, roleId, reason: '', scope: '' }, context);
    },
  ],
  [
    'UpdateGrant',
    async () => {
      const { userId, grantId } = await makeGrant(fixture);
      const request = { ...NO_CHANGE, userId, grantId, reason: 'Other', period: NO_TIMES, mustMatchRevision: 1n };
      return (context) => fixture.grants.updateGrant(request, context);
    },
  ],
  [
    'ApproveGrant',
    async () => {
      const { userId, grantId } = await makeGrant(fixture, { requiresApproval: true });
      return (context) => fixture.grants.approveGrant({ userId, grantId, reason: '' }, context);
    },
  ],
  [
    'RevokeGrant',
    async () => {
      const { userId, grantId } = await makeGrant(fixture);
      return (context) => fixture.grants.revokeGrant({ userId, grantId, reason: '' }, context);
    },
  ],
  [
    'UpdateRole',
    async () => {
      const roleId = await fixture.role();
      const mustMatchRevision = await modelRevision(fixture);
      const lists = {
        addPermissions: [],
        removePermissions: [],
        addDeniedPermissions: [],
        denialConditions: [],
        removeDeniedPermissions: [],
      };
      return (context) =>
        fixture.model.updateRole({ roleId, description: 'Other', mustMatchRevision, ...lists }, context);
    },
  ],
  [
    'DeleteRole',
    async () => {
      const roleId = await fixture.role();
      return (context) => fixture.model.deleteRole({ roleId }, context);
    },
  ],
  [
    'UpdatePermission',
    async () => {
      const { permissionId } = await makePermission(fixture);
      const mustMatchRevision = await modelRevision(fixture);
      return (context) =>
        fixture.model.updatePermission({ permissionId, category: 'Other', mustMatchRevision }, context);
    },
  ],
  [
    'DeletePermission',
    async () => {
      const { permissionId } = await makePermission(fixture);
      return (context) => fixture.model.deletePermission({ permissionId, force: false }, context);
    },
  ],
  [
    'CreateRoleExclusion',
    async () => {
      const request = { roleId: await fixture.role(), excludedRoleId: await fixture.role(), reason: '' };
      return (context) => fixture.model.createRoleExclusion(request, context);
    },
  ],
  [
    'DeleteRoleExclusion',
    async () => {
      const request = { roleId: await fixture.role(), excludedRoleId: await fixture.role(), reason: '' };
      await fixture.model.createRoleExclusion(request);
      return (context) => fixture.model.deleteRoleExclusion(request, context);
    },
  ],
];

describe('with an idempotency key', () => {
  it.each(CHANGES)('%s is carried out once, and answered twice', async (_rpc, prepare) => {
    const call = await prepare();
    const context = once();
    const first = await call(context);
    expect(await call(context)).toEqual(first);
    expect(await fixture.eventsOf(context.requestId, 1)).toHaveLength(1);
    // Without the key it is a call of its own, which comes too late, or finds that something has changed.
    await expect(call({})).rejects.toMatchObject({ reason: expect.any(String) });
  });

  it('is the answer the one of the first time, whatever happened since', async () => {
    const request = await grantRequest();
    const context = once();
    const first = await fixture.operator.grantRole(request, context);
    await fixture.revoke(request.userId, request.roleId);
    expect(await fixture.operator.grantRole(request, context)).toEqual(first);
    expect(await fixture.rows('select from authz.role_grants where user_id = $1', [request.userId])).toEqual([]);
  });

  it('twenty calls at once make one grant, and get one answer', async () => {
    const request = await grantRequest();
    const context = once();
    const answers = await Promise.all(Array.from({ length: 20 }, () => fixture.operator.grantRole(request, context)));
    expect(new Set(answers.map(({ grant }) => grant?.grantId)).size).toBe(1);
    expect(answers[0]?.revision).toBe(1n);
  });

  it('another request is refused, also one of another RPC, and changes nothing', async () => {
    const { userId, roleId, ...request } = await grantRequest();
    const context = once();
    await fixture.operator.grantRole({ userId, roleId, ...request }, context);
    const other = { ...request, userId, roleId, scope: 'tenant/7' };
    await expect(fixture.operator.grantRole(other, context)).rejects.toMatchObject(REUSED);
    const revoke = { userId, roleId, reason: '', scope: '' };
    await expect(fixture.operator.revokeRole(revoke, context)).rejects.toMatchObject(REUSED);
    expect(await fixture.rows('select scope from authz.role_grants where user_id = $1', [userId])).toEqual([
      { scope: '' },
    ]);
  });

  it('what was refused can be asked again', async () => {
    const request = await grantRequest();
    const context = once();
    const refused = fixture.operator.grantRole({ ...request, mustMatchRevision: 7n }, context);
    await expect(refused).rejects.toMatchObject(mismatch(7n, 0n));
    await fixture.operator.grantRole(request, context);
  });

  it('each peer, and each end user, has its own keys', async () => {
    const context = once();
    const request = await grantRequest();
    await fixture.operator.grantRole(request, context);
    const other = fixture.service.connectAs('operator/other', AuthzServiceService);
    await expect(other.grantRole(request, context)).rejects.toMatchObject({ reason: 'GRANT_EXISTS' });
    const { sessionToken } = await sessions.signIn();
    await expect(fixture.operator.grantRole(request, { ...context, sessionToken })).rejects.toMatchObject({
      reason: 'GRANT_EXISTS',
    });
  });

  it('an application needs the permission, also for what was carried out before', async () => {
    const { userId, sessionToken } = await sessions.signIn();
    const roleId = await fixture.role({ permissions: ['grants:create'] });
    await fixture.grant(userId, roleId);
    const app = fixture.service.connectAs('app/admin', AuthzServiceService);
    const context = { ...once(), sessionToken };
    const request = await grantRequest();
    await app.grantRole(request, context);
    await fixture.revoke(userId, roleId);
    await expect(app.grantRole(request, context)).rejects.toMatchObject({ reason: 'PERMISSION_MISSING' });
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(65)],
    ['with a space', 'a b'],
  ])('one that is %s is refused', async (_what, idempotencyKey) => {
    await expect(fixture.operator.grantRole(await grantRequest(), { idempotencyKey })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'idempotency-key' })],
    });
  });

  it('is kept for a day and then removed', async () => {
    const [old, young] = [once(), once()];
    const [oldRequest, youngRequest] = [await grantRequest(), await grantRequest()];
    await fixture.operator.grantRole(oldRequest, old);
    await fixture.operator.grantRole(youngRequest, young);
    await fixture.rows(`update authz.idempotency_keys set created_at = now() - interval '25 hours' where key = $1`, [
      old.idempotencyKey,
    ]);
    const db = openAs(fixture.service.database.url);
    const registry = createRegistry('authz');
    const writes = openWrites({
      db,
      schema: 'authz',
      secretKeys: [{ id: 1, secret: randomBytes(32) }],
      logger: silentLogger,
      registry,
    });
    try {
      await waitFor(async () => /idempotency_keys_removed_total\S* 1\n/.test(await registry.metrics()));
    } finally {
      await writes.stop();
      await db.close();
    }
    await expect(fixture.operator.grantRole(oldRequest, old)).rejects.toMatchObject({ reason: 'GRANT_EXISTS' });
    await fixture.operator.grantRole(youngRequest, young);
  });
});
