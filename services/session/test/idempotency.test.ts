import { createHash, randomUUID } from 'node:crypto';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { ClientCallContext } from '@gatehouse/rpc';
import { changingRpcs, dumpDatabase, outboxEvents } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST } from './harness.ts';
import { type StartedTokens, startTokens } from './token-rig.ts';

let rig: StartedTokens;
/** Every secret that went in or came out. */
const secrets = new Set<string>();

beforeAll(async () => {
  rig = await startTokens();
});
afterAll(() => rig?.stop());

const SECRETS = ['sessionToken', 'refreshToken', 'accessToken'] as const;
const reason = RevokedReason.REVOKED_REASON_LOGOUT;
const once = (): ClientCallContext & { readonly idempotencyKey: string; readonly requestId: string } => ({
  idempotencyKey: randomUUID(),
  requestId: randomUUID(),
});

function noting<Reply extends object>(reply: Reply): Reply {
  for (const name of SECRETS) {
    const secret: unknown = Reflect.get(reply, name);
    if (typeof secret === 'string' && secret !== '') secrets.add(secret);
  }
  return reply;
}

/** An answer as it is given a second time. */
function withoutSecrets<Reply extends object>(reply: Reply): object {
  return { ...reply, ...Object.fromEntries(SECRETS.filter((name) => name in reply).map((name) => [name, ''])) };
}

async function session(userId: string = randomUUID()) {
  return noting(await rig.identity.createSession({ ...REQUEST, userId, withRefreshToken: true }));
}

async function waitingKid(): Promise<string> {
  const { signingKey } = await rig.keys.rotateSigningKey({});
  return signingKey?.kid ?? '';
}

type Ask = (context: ClientCallContext) => Promise<object>;

/** Every RPC that changes something and takes a key. */
const CHANGES: [rpc: string, prepare: () => Promise<Ask>][] = [
  [
    'CreateSession',
    async () => {
      const request = { ...REQUEST, userId: randomUUID(), withRefreshToken: true };
      return (context) => rig.identity.createSession(request, context);
    },
  ],
  [
    'ElevateSession',
    async () => {
      const { sessionToken } = await session();
      const request = { sessionToken, authenticationMethods: ['otp'], authenticationLevel: 2, origin: ORIGIN };
      return (context) => rig.identity.elevateSession(request, context);
    },
  ],
  [
    'ExtendSession',
    async () => {
      const { sessionToken } = noting(
        await rig.identity.createSession({ ...REQUEST, userId: randomUUID(), lifetimeSeconds: 60 }),
      );
      return (context) => rig.app.extendSession({ sessionToken, lifetimeSeconds: 3_600 }, context);
    },
  ],
  [
    'RevokeSession',
    async () => {
      const { sessionToken: value } = await session();
      return (context) => rig.app.revokeSession({ target: { $case: 'sessionToken', value }, reason }, context);
    },
  ],
  [
    'RevokeOtherSessions',
    async () => {
      const { sessionToken, session: kept } = await session();
      await session(kept?.userId);
      return (context) => rig.app.revokeOtherSessions({ sessionToken, reason }, context);
    },
  ],
  [
    'RevokeUserSessions',
    async () => {
      const userId = (await session()).session?.userId ?? '';
      return (context) => rig.operator.revokeUserSessions({ userId, reason }, context);
    },
  ],
  [
    'RevokeFoundSessions',
    async () => {
      const userId = (await session()).session?.userId ?? '';
      const search = {
        userId,
        ipNetwork: '',
        countryCode: '',
        deviceFingerprint: '',
        userAgentContains: '',
        createdFrom: undefined,
        createdBefore: undefined,
        inactiveSince: undefined,
      };
      return (context) => rig.operator.revokeFoundSessions({ search, reason, maxSessions: 0, pageToken: '' }, context);
    },
  ],
  [
    'AdvanceAuthzTokens',
    async () => {
      const userId = (await session()).session?.userId ?? '';
      const authz = rig.service.connectAs('authz', SessionServiceService);
      return (context) => authz.advanceAuthzTokens({ tokens: [{ userId, token: 'AQID', position: 1n }] }, context);
    },
  ],
  ['RotateSigningKey', async () => (context) => rig.keys.rotateSigningKey({}, context)],
  [
    'RevokeSigningKey',
    async () => {
      const kid = await waitingKid();
      return (context) => rig.keys.revokeSigningKey({ kid, reason: 'a drill' }, context);
    },
  ],
];

const RPCS = [SessionServiceService, TokenServiceService].map(changingRpcs);

describe('with an idempotency key', () => {
  it('every RPC that changes something is tried here', () => {
    expect(CHANGES.map(([rpc]) => rpc).sort()).toEqual(RPCS.flatMap(({ keyed }) => keyed).sort());
  });

  it.each(CHANGES)('%s is carried out once, and its repetition is told what was made', async (_rpc, prepare) => {
    const ask = await prepare();
    const context = once();
    const first = noting(await ask(context));
    const events = await outboxEvents(rig.service, context.requestId);
    expect(await ask(context)).toEqual(withoutSecrets(first));
    expect(await outboxEvents(rig.service, context.requestId)).toHaveLength(events.length);
  });

  it('a session that was made once can be used, and only with the token of the first answer', async () => {
    const context = once();
    const request = { ...REQUEST, userId: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => noting(await rig.identity.createSession(request, context))),
    );
    expect(new Set(answers.map((answer) => answer.session?.sessionId)).size).toBe(1);
    const tokens = answers.map(({ sessionToken }) => sessionToken).filter((token) => token !== '');
    expect(tokens).toHaveLength(1);
    await rig.validate(tokens[0] ?? '');
  });

  it('an end of many sessions that was cut off goes on where it was, and is answered as one', async () => {
    const userId = randomUUID();
    await query(
      rig.service.database.adminUrl,
      `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at, last_activity_at)
       select gen_random_uuid(), $1::uuid, sha256('x'), '{pwd}', now(), now() + interval '1 day', now() from generate_series(1, 1500)`,
      [userId],
    );
    const context = once();
    const first = await rig.operator.revokeUserSessions({ userId, reason }, context);
    expect(first.revokedCount).toBe(1_500);
    await session(userId);
    expect(await rig.operator.revokeUserSessions({ userId, reason }, context)).toEqual(first);
  });

  it('another request is refused', async () => {
    const context = once();
    const request = { ...REQUEST, userId: randomUUID() };
    noting(await rig.identity.createSession(request, context));
    const other = rig.identity.createSession({ ...request, lifetimeSeconds: 60 }, context);
    await expect(other).rejects.toMatchObject({ kind: 'conflict', reason: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it.each([
    ['RefreshSession', (context: object) => rig.tokens.refreshSession(REFRESH, context)],
    ['IssueAccessToken', (context: object) => rig.tokens.issueAccessToken(ISSUE, context)],
  ])('%s is refused, whatever else is wrong', async (rpc, ask) => {
    expect(RPCS.flatMap(({ unkeyed }) => unkeyed)).toContain(rpc);
    await expect(ask(once())).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'IDEMPOTENCY_KEY_UNSUPPORTED',
      fields: [expect.objectContaining({ field: 'idempotency-key' })],
    });
  });

  // The last one: it looks at what all the others have left.
  it('no secret that went in or came out is stored, nor a plain digest of a request', async () => {
    const request = { ...REQUEST, userId: randomUUID(), withRefreshToken: true };
    noting(await rig.identity.createSession(request, once()));
    const dump = await dumpDatabase(rig.service.database, 'session');
    expect(dump.tablesWith(request.userId)).toContain('session.idempotency_keys');
    expect(secrets.size).toBeGreaterThan(10);
    for (const secret of secrets) expect(dump.tablesWith(secret)).toEqual([]);
    const { path, requestSerialize } = SessionServiceService.createSession;
    const plain = createHash('sha256').update(`${path}\0`).update(requestSerialize(request)).digest('hex');
    expect(dump.tablesWith(plain)).toEqual([]);
  });
});

const REFRESH = { refreshToken: '', audience: '', origin: undefined };
const ISSUE = { sessionToken: '', audience: '' };
