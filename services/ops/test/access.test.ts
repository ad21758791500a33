import { randomUUID } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, type ClientCallContext, mount } from '@gatehouse/rpc';
import { startStandIn, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest } from './fake-pgbackrest.ts';
import { FULL, type Rig, startRig } from './rig.ts';

type Ops = Client<typeof OpsServiceService>;

const TOKEN = 'token-of-the-user';
const USER_ID = randomUUID();
const SESSION_ID = randomUUID();
const backupId = randomUUID();

/** Each RPC, so that nothing but the caller's right is in the way of the answer that follows. */
const RPCS: [
  name: string,
  permission: string,
  answer: string,
  call: (ops: Ops, c: ClientCallContext) => Promise<unknown>,
][] = [
  ['GetBackup', 'backups:get', 'BACKUP_NOT_FOUND', (ops, c) => ops.getBackup({ backupId }, c)],
  ['StartBackup', 'backups:create', 'BACKUP_IN_PROGRESS', (ops, c) => ops.startBackup({ type: FULL }, c)],
  [
    'StartRestoreDrill',
    'restore_drills:create',
    'BACKUP_NOT_FOUND',
    (ops, c) => ops.startRestoreDrill({ backupId, witnessUserIds: [] }, c),
  ],
  [
    'GetRestoreDrill',
    'restore_drills:get',
    'RESTORE_DRILL_NOT_FOUND',
    (ops, c) => ops.getRestoreDrill({ restoreDrillId: backupId }, c),
  ],
];

let granted: string | undefined;
let tool: FakePgBackRest;
let rig: Rig;
const standIns: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  tool = fakePgBackRest();
  tool.hold();
  const [sessions, authz] = await Promise.all([startSessions(), startAuthz()]);
  standIns.push(sessions, authz);
  rig = await startRig({
    env: { ...tool.env, GATEHOUSE_SESSION_ADDRESS: sessions.address, GATEHOUSE_AUTHZ_ADDRESS: authz.address },
  });
  await rig.startBackup();
});
afterAll(async () => {
  tool.release();
  await rig.stop();
  for (const each of standIns) await each.stop();
  tool.remove();
});

describe.each(RPCS)('%s', (_, permission, answer, call) => {
  const as = (peer: string) => rig.service.connectAs(peer, OpsServiceService);

  it('is for operators', async () => {
    await expect(call(as('operator/ada'), {})).rejects.toMatchObject({ reason: answer });
  });

  it('is for applications that act for a user who holds its permission, and no other', async () => {
    granted = permission;
    await expect(call(as('app/orders'), { sessionToken: TOKEN })).rejects.toMatchObject({ reason: answer });
    granted = 'something:else';
    await expect(call(as('app/orders'), { sessionToken: TOKEN })).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PERMISSION_MISSING',
      metadata: expect.objectContaining({ permission }),
    });
  });

  it('is refused to applications without a user, and with one whose session has ended', async () => {
    const needed = { kind: 'unauthenticated', reason: 'ACTING_USER_REQUIRED' };
    await expect(call(as('app/orders'), {})).rejects.toMatchObject(needed);
    const ended = { kind: 'unauthenticated', reason: 'SESSION_EXPIRED' };
    await expect(call(as('app/orders'), { sessionToken: 'another' })).rejects.toMatchObject(ended);
  });

  it.each(['identity', 'session', 'authz', 'audit', 'ops', 'edge/envoy'])('is refused to %s', async (peer) => {
    const refused = { kind: 'denied', reason: 'PEER_NOT_ALLOWED' };
    await expect(call(as(peer), { sessionToken: TOKEN })).rejects.toMatchObject(refused);
  });
});

describe('a backup that a user asked for through an application', () => {
  it('is recorded as theirs, from its start to its end', async () => {
    tool.release();
    await waitFor(
      async () => (await rig.rows(`select id from ops.backup_execution_log where status = 'completed'`))[0],
    );
    granted = 'backups:create';
    const requestId = randomUUID();
    const app = rig.service.connectAs('app/orders', OpsServiceService);
    const { backup } = await app.startBackup({ type: FULL }, { sessionToken: TOKEN, requestId });
    await rig.endedBackup(backup?.backupId ?? '');
    const events = await rig.eventsOf(requestId);
    expect(events.map(({ eventType }) => eventType)).toEqual(['backup.started', 'backup.completed']);
    for (const event of events)
      expect(event).toMatchObject({ actor: `user:${USER_ID}`, peer: 'app/orders', requestId });
    expect(await rig.rows('select requested_by from ops.backup_execution_log order by id desc limit 1')).toEqual([
      { requested_by: `user:${USER_ID}` },
    ]);
  });
});

function startSessions() {
  const validateSession = ({ sessionToken }: { readonly sessionToken: string }) => {
    if (sessionToken !== TOKEN) throw new Failure('unauthenticated', 'SESSION_EXPIRED', 'The session has expired.');
    const [createdAt, expiresAt] = [new Date(), new Date(Date.now() + 60_000)];
    const session = { sessionId: SESSION_ID, userId: USER_ID, createdAt, expiresAt };
    const rest = { authenticationMethods: [], authenticationLevel: 1, idleTimeoutSeconds: 0, origin: undefined };
    const revokedReason = RevokedReason.REVOKED_REASON_UNSPECIFIED;
    const unset = { lastActivityAt: undefined, lastIpAddress: '', revokedAt: undefined, revokedReason, authzToken: '' };
    return { session: { ...session, ...rest, ...unset } };
  };
  const definition = { validateSession: SessionServiceService.validateSession };
  const access = { validateSession: { peers: ['ops'] } };
  return startStandIn({ name: 'session', services: [mount(definition, { validateSession }, access)] });
}

function startAuthz() {
  const check = ({ userId, permission }: { readonly userId: string; readonly permission: string }) => {
    const isAllowed = userId === USER_ID && permission === granted;
    return { decision: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED, undetermined: '' };
  };
  const access = { check: { peers: ['ops'] } };
  const definition = { check: AuthzServiceService.check };
  return startStandIn({ name: 'authz', services: [mount(definition, { check }, access)] });
}
