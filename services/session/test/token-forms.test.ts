import { randomBytes, randomUUID } from 'node:crypto';
import {
  Freshness,
  RevokedReason,
  type SessionRefusal,
  SessionServiceService,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidBytes } from '../src/domain/uuid-bytes.ts';
import { REQUEST, STEADY, type StartedSession, startSession, untilSteady } from './harness.ts';

const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
const REASON = RevokedReason.REVOKED_REASON_COMPROMISED;
const clock = fakeClock();
const invalid = { kind: 'unauthenticated', reason: 'SESSION_TOKEN_INVALID' };
const revoked = { kind: 'unauthenticated', reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'compromised' } };
const FORM = (form: string) => ({ ...STEADY, GATEHOUSE_SESSION_TOKEN_FORM: form });
/** What one peer may have Postgres asked in vain, as the docs say. */
const IN_VAIN_MAX = 500;

let keyed: StartedSession;
/** Issues tokens of the form of before, on the same stores. */
let plain: StartedSession;

const startBeside = (env: Record<string, string>, instance: string) =>
  startSession({ clock, env, database: keyed.service.database, redis: keyed.service.redis, instance });

beforeAll(async () => {
  keyed = await startSession({ clock, env: FORM('keyed') });
  plain = await startBeside(FORM('plain'), 'plain');
  await untilSteady(keyed);
});
afterAll(async () => {
  await plain.stop();
  await keyed.stop();
});

const revoke = (sessionToken: string) =>
  keyed.app.revokeSession({ target: { $case: 'sessionToken', value: sessionToken }, reason: REASON });
/** Other secrets for the same session, in both forms. */
const madeUp = (sessionId: string) => [
  `ghs_${Buffer.concat([uuidBytes(sessionId), randomBytes(26)]).toString('base64url')}`,
  `ghs_${Buffer.concat([uuidBytes(sessionId), randomBytes(26), Buffer.of(1), randomBytes(8)]).toString('base64url')}`,
];
const batch = async (sessionTokens: string[], by = keyed) => {
  const request = { sessionTokens, freshness: FRESHNESS_BOUNDED, consistencyToken: '' };
  const { results } = await by.app.batchValidateSessions(request);
  return results.map(({ result }) => result);
};
/** Lookups in Redis and in Postgres so far. */
const lookups = async () => {
  const metrics = await keyed.metrics();
  return ['l2', 'l3'].map((layer) =>
    Number(
      new RegExp(`cache_lookup_seconds_count\\{[^}]*topic="session"[^}]*layer="${layer}"[^}]*\\} (\\d+)`).exec(
        metrics,
      )?.[1] ?? 0,
    ),
  );
};

describe.each([
  ['with a MAC', () => keyed],
  ['of the form of before', () => plain],
] as const)('a session whose token is one %s', (_form, by) => {
  it('is told apart from what was made up, whatever became of it, in every layer', async () => {
    const { sessionToken, session } = await by().create();
    await revoke(sessionToken);
    const ask = async (each: StartedSession, token: string, freshness: Freshness) =>
      await each.validate(token, freshness);
    for (const lost of [false, true]) {
      if (lost) await keyed.service.redis.flush();
      for (const each of [keyed, plain]) {
        for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
          await expect(ask(each, sessionToken, freshness)).rejects.toMatchObject(revoked);
          for (const token of madeUp(session.sessionId)) {
            await expect(ask(each, token, freshness)).rejects.toMatchObject({ ...invalid, metadata: {} });
          }
        }
      }
    }
    const [made, other] = madeUp(session.sessionId);
    expect(await batch([made ?? '', sessionToken, other ?? ''])).toMatchObject(
      ['SESSION_TOKEN_INVALID', 'SESSION_REVOKED', 'SESSION_TOKEN_INVALID'].map((reason) => ({ value: { reason } })),
    );
  });

  it('is ended by its token alone, and only its holder learns that it has ended', async () => {
    const { sessionToken, session } = await by().create();
    for (const token of madeUp(session.sessionId)) await expect(revoke(token)).rejects.toMatchObject(invalid);
    await expect(keyed.validate(sessionToken, FRESHNESS_STRICT)).resolves.toBeDefined();
    const { revokedAt } = await revoke(sessionToken);
    for (const token of madeUp(session.sessionId)) await expect(revoke(token)).rejects.toMatchObject(invalid);
    await expect(revoke(sessionToken)).resolves.toMatchObject({ revokedAt });
  });

  it('says at the edge why it has ended to nobody but the holder', async () => {
    const { sessionToken, session } = await by().create();
    await revoke(sessionToken);
    const reasonOf = async (token: string) => {
      const { status } = await keyed.checkHeaders({ authorization: `Bearer ${token}` });
      return status?.message;
    };
    expect(await reasonOf(sessionToken)).toContain('SESSION_REVOKED');
    for (const token of madeUp(session.sessionId)) expect(await reasonOf(token)).toContain('SESSION_TOKEN_INVALID');
  });

  it('is good on instances that issue either', async () => {
    const { sessionToken, session } = await by().create();
    for (const each of [keyed, plain]) {
      for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
        const { session: seen } = await each.validate(sessionToken, freshness);
        expect(seen?.sessionId).toBe(session.sessionId);
      }
    }
  });

  it('keeps in its row which key vouches for the token', async () => {
    const { sessionToken, session } = await by().create();
    const [row] = await query<{ token_key_id: number | null }>(
      keyed.service.database.adminUrl,
      'select token_key_id from session.sessions where id = $1::uuid',
      [session.sessionId],
    );
    expect(row?.token_key_id).toBe(sessionToken.length === 72 ? 1 : null);
  });
});

describe('tokens that somebody made up', () => {
  it('cost neither Redis nor Postgres anything when they have the form of ours', async () => {
    const { session } = await keyed.create();
    const before = await lookups();
    const tokens = Array.from({ length: 200 }, () => madeUp(randomUUID())[1] ?? '');
    for (const token of [...tokens, madeUp(session.sessionId)[1] ?? '']) {
      await expect(keyed.validate(token, FRESHNESS_STRICT)).rejects.toMatchObject(invalid);
    }
    await batch(tokens);
    await Promise.all(tokens.map((token) => revoke(token).catch(() => {})));
    expect(await lookups()).toEqual(before);
  });

  it('of the form of before cost Postgres no more than a peer may ask in vain', async () => {
    const known = await plain.create();
    await keyed.validate(known.sessionToken, FRESHNESS_STRICT);
    const [, before] = await lookups();
    const startedAt = performance.now();
    const refusals = new Map<string, SessionRefusal>();
    for (let i = 0; i < 4; i++) {
      const results = await batch(Array.from({ length: 400 }, () => madeUp(randomUUID())[0] ?? ''));
      for (const result of results) if (result?.$case === 'refusal') refusals.set(result.value.reason, result.value);
    }
    const [, after] = await lookups();
    const secondsMax = (performance.now() - startedAt) / 1000;
    expect((after ?? 0) - (before ?? 0)).toBeLessThanOrEqual(IN_VAIN_MAX + 20 * secondsMax + 1);
    expect(refusals.get('SESSION_LOOKUPS_LIMITED')).toMatchObject({ retryable: true });
    expect(refusals.get('SESSION_TOKEN_INVALID')).toMatchObject({ retryable: false });
    // What Redis or memory knows is answered all the same, and other peers are asked about nobody else's.
    for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
      await expect(keyed.validate(known.sessionToken, freshness)).resolves.toBeDefined();
    }
    const other = keyed.service.connectAs('app/other', SessionServiceService);
    const request = { sessionToken: madeUp(randomUUID())[0] ?? '', freshness: FRESHNESS_BOUNDED, consistencyToken: '' };
    await expect(other.validateSession(request)).rejects.toMatchObject(invalid);
  });
});

describe('a start', () => {
  const key = (id: number) => `${id}:${Buffer.alloc(32, `key ${id}`).toString('base64url')}`;
  const RING = (...ids: number[]) => ({ GATEHOUSE_SESSION_SECRET_KEYS: ids.map(key).join(',') });

  it('without a key that tokens of live sessions need is refused, until they have ended', async () => {
    const own = await startSession({ clock, env: RING(7) });
    const { database, redis } = own.service;
    const again = (env: Record<string, string>) => startSession({ clock, env, database, redis });
    const [first, second] = [await own.create(randomUUID(), 600), await own.create(randomUUID(), 1_200)];
    await expect(again(RING(8))).rejects.toThrow('GATEHOUSE_SESSION_SECRET_KEYS lacks the key 7');
    const rotated = await again(RING(8, 7));
    await expect(rotated.validate(first.sessionToken)).resolves.toBeDefined();
    const last = await rotated.create(randomUUID(), 600);
    await expect(again(RING(7))).rejects.toThrow('lacks the key 8');
    await own.app.revokeSession({ target: { $case: 'sessionToken', value: second.sessionToken }, reason: REASON });
    clock.advance(599_000);
    await expect(again(RING(8))).rejects.toThrow('lacks the key 7');
    clock.advance(2_000);
    const alone = await again(RING(9));
    // A key that has gone can vouch for nobody.
    await expect(alone.validate(last.sessionToken)).rejects.toMatchObject(invalid);
    await Promise.all([alone.stop(), rotated.stop()]);
    await own.stop();
  });

  it('that would take no plain token is refused while sessions have one', async () => {
    const own = await startSession({ clock, env: { GATEHOUSE_SESSION_TOKEN_FORM: 'plain' } });
    const { database, redis } = own.service;
    const only = () => startSession({ clock, env: { GATEHOUSE_SESSION_TOKEN_FORM: 'keyed-only' }, database, redis });
    const { sessionToken } = await own.identity.createSession({ ...REQUEST, lifetimeSeconds: 60 });
    await expect(only()).rejects.toThrow('GATEHOUSE_SESSION_TOKEN_FORM');
    clock.advance(61_000);
    const started = await only();
    await expect(started.validate(sessionToken)).rejects.toMatchObject(invalid);
    await expect(started.validate((await started.create()).sessionToken)).resolves.toBeDefined();
    await waitFor(async () => (await fetch(`${started.service.adminUrl}/readyz`)).status === 200);
    await started.stop();
    await own.stop();
  });
});
