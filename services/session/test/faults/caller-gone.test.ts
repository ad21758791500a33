import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { ClientCallContext } from '@gatehouse/rpc';
import {
  areWell,
  createTestDatabase,
  databaseByWayOf,
  type Selection,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST, STEADY } from '../harness.ts';
import { type StartedTokens, startTokens } from '../token-rig.ts';

// Only the instance that made a change can tell of it here: there is no other one, and its relay gets no answers.
let database: TestDatabase;
let toPostgres: TcpProxy;
let rig: StartedTokens;

beforeAll(async () => {
  database = await createTestDatabase('session');
  toPostgres = await startTcpProxy({ target: { port: Number(new URL(database.url).port) } });
  rig = await startTokens({
    database: databaseByWayOf(toPostgres, database),
    env: { ...STEADY, GATEHOUSE_SESSION_PER_USER_MAX: '2', GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: '0' },
  });
  await waitFor(() => areWell([rig]));
});
afterEach(() => toPostgres.resume());
afterAll(async () => {
  await rig?.stop();
  await toPostgres?.stop();
  await database?.drop();
});

/** What was sent last asks what waits to be told. */
const POLLS: Selection = ({ latest }) => /session\.read-invalidations[\s\S]{0,300}$/.test(latest);
/** What was sent last is the commit of a change that caches must hear of. */
const COMMITS: Selection = ({ latest }) =>
  /session\.insert-invalidation(?:(?!commit)[\s\S])*commit[\s\S]{0,60}$/.test(latest);

/**
 * Has a change made whose caller goes away between the commit and its answer, and then lets the answer come. The relay is
 * left without answers until the end of the test.
 */
async function leftBehind(
  change: (context: ClientCallContext) => Promise<unknown>,
  isCommitted: () => Promise<boolean>,
): Promise<void> {
  const relayed = await relayedCount();
  toPostgres.holdAnswers((connection) => POLLS(connection) || COMMITS(connection));
  const leaving = new AbortController();
  const answer = change({ signal: leaving.signal });
  await waitFor(isCommitted);
  const before = await cancelledCount();
  leaving.abort();
  await expect(answer).rejects.toMatchObject({ kind: 'cancelled' });
  await waitFor(async () => (await cancelledCount()) > before);
  expect(await relayedCount()).toBe(relayed);
  toPostgres.holdAnswers(POLLS);
}

const cancelledCount = () => count(/^grpc_server_handled_total\{[^}]*grpc_code="CANCELLED"[^}]*\} (\d+)/gim);
const relayedCount = () => count(/^gatehouse_cache_invalidations_relayed_total\S* (\d+)/gm);

async function count(line: RegExp): Promise<number> {
  return [...(await rig.metrics()).matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
}

const rows = (text: string, values: readonly unknown[]) => query<{ n: bigint }>(database.adminUrl, text, values);

async function isRevoked(sessionId: string): Promise<boolean> {
  const found = await rows('select 1 as n from session.sessions where id = $1 and revoked_at is not null', [sessionId]);
  return found.length > 0;
}

/** A session that this instance answers from its memory. */
async function known(userId: string = randomUUID(), withRefreshToken = false, lifetimeSeconds = 0) {
  const made = await rig.identity.createSession({ ...REQUEST, userId, withRefreshToken, lifetimeSeconds });
  if (!made.session) throw new Error('No session came back.');
  await rig.validate(made.sessionToken);
  return { ...made, session: made.session };
}

/** Waits until both the memory of the instance and Redis refuse it. */
async function refused(sessionToken: string): Promise<void> {
  for (const freshness of [Freshness.FRESHNESS_BOUNDED, Freshness.FRESHNESS_STRICT]) {
    await waitFor(() =>
      rig.validate(sessionToken, freshness).then(
        () => false,
        ({ reason }) => reason === 'SESSION_REVOKED',
      ),
    );
  }
}

const SEARCH = {
  userId: '',
  ipNetwork: '',
  countryCode: '',
  deviceFingerprint: '',
  userAgentContains: '',
  createdFrom: undefined,
  createdBefore: undefined,
  inactiveSince: undefined,
};
const reason = RevokedReason.REVOKED_REASON_LOGOUT;

/** Every change that ends a session: how it is asked for, with a session of a user who has one other. */
const ENDINGS: [rpc: string, end: (made: Awaited<ReturnType<typeof known>>, context: ClientCallContext) => unknown][] =
  [
    [
      'CreateSession, of one too many',
      ({ session: { userId } }, context) => rig.identity.createSession({ ...REQUEST, userId }, context),
    ],
    [
      'ElevateSession',
      ({ sessionToken }, context) =>
        rig.identity.elevateSession(
          { sessionToken, authenticationMethods: ['otp'], authenticationLevel: 2, origin: ORIGIN },
          context,
        ),
    ],
    [
      'RevokeSession',
      ({ sessionToken: value }, context) =>
        rig.app.revokeSession({ target: { $case: 'sessionToken', value }, reason }, context),
    ],
    [
      'RevokeUserSessions',
      ({ session: { userId } }, context) => rig.operator.revokeUserSessions({ userId, reason }, context),
    ],
    [
      'RevokeFoundSessions',
      ({ session: { userId } }, context) =>
        rig.operator.revokeFoundSessions(
          {
            search: { ...SEARCH, userId },
            reason,
            maxSessions: 0,
            pageToken: '',
          },
          context,
        ),
    ],
  ];

describe('a caller that goes away while its change is being committed', () => {
  it.each(ENDINGS)('%s: the session is refused, without waiting for the relay', async (_rpc, end) => {
    const ending = await known();
    await known(ending.session.userId);
    await leftBehind(
      async (context) => end(ending, context),
      () => isRevoked(ending.session.sessionId),
    );
    await refused(ending.sessionToken);
  });

  it('RevokeOtherSessions: the others are refused', async () => {
    const ending = await known();
    const { sessionToken } = await known(ending.session.userId);
    await leftBehind(
      (context) => rig.app.revokeOtherSessions({ sessionToken, reason }, context),
      () => isRevoked(ending.session.sessionId),
    );
    await refused(ending.sessionToken);
  });

  it('RefreshSession, with a token that is in two hands: its session is refused', async () => {
    const { sessionToken, refreshToken, session } = await known(randomUUID(), true);
    const first = await rig.tokens.refreshSession({ refreshToken, audience: '', origin: ORIGIN });
    await rig.tokens.refreshSession({ refreshToken: first.refreshToken, audience: '', origin: ORIGIN });
    await leftBehind(
      (context) => rig.tokens.refreshSession({ refreshToken, audience: '', origin: ORIGIN }, context),
      () => isRevoked(session.sessionId),
    );
    await refused(sessionToken);
  });

  it('ExtendSession: the new end is shown', async () => {
    const { sessionToken, session } = await known(randomUUID(), false, 60);
    const end = session.expiresAt?.getTime() ?? 0;
    const later = `select 1 as n from session.sessions where id = $1 and expires_at > now() + interval '10 minutes'`;
    await leftBehind(
      (context) => rig.app.extendSession({ sessionToken, lifetimeSeconds: 3_600 }, context),
      async () => (await rows(later, [session.sessionId])).length > 0,
    );
    await waitFor(async () => ((await rig.validate(sessionToken)).session?.expiresAt?.getTime() ?? 0) > end);
  });

  it('AdvanceAuthzTokens: the token is shown', async () => {
    const { sessionToken, session } = await known();
    const { userId } = session;
    const authz = rig.service.connectAs('authz', SessionServiceService);
    await leftBehind(
      (context) => authz.advanceAuthzTokens({ tokens: [{ userId, token: 'AQID', position: 1n }] }, context),
      async () =>
        (await rows(`select 1 as n from session.sessions where id = $1 and authz_token <> ''`, [session.sessionId]))
          .length > 0,
    );
    await waitFor(async () => (await rig.validate(sessionToken)).session?.authzToken === 'AQID');
  });
});
