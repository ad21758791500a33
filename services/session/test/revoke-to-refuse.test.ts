import { isFailure } from '@gatehouse/failure';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { bidiClient, waitFor } from '@gatehouse/testing';
import { rounds } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedSession, startSession } from './harness.ts';

const BOUND_MS = 1_000;
const REVOCATIONS = rounds(100, 20);
/** Sessions that are validated all the time while others are revoked. */
const BUSY_SESSIONS = 200;
/** Validations that are under way at once on each instance. */
const AT_ONCE = 8;
const LOGOUT = RevokedReason.REVOKED_REASON_LOGOUT;
let one: StartedSession;
let two: StartedSession;

beforeAll(async () => {
  one = await startSession({ instance: 'one', env: { GATEHOUSE_SESSION_CANARY_MS: '50' } });
  const { database, redis } = one.service;
  two = await startSession({ database, redis, instance: 'two', env: { GATEHOUSE_SESSION_CANARY_MS: '50' } });
});
afterAll(async () => {
  await two.stop();
  await one.stop();
});

/** Validates good sessions on both instances until it is stopped; rejects when one is refused. */
function load(tokens: readonly string[]) {
  let stopped = false;
  const work = async (instance: StartedSession, first: number) => {
    for (let i = first; !stopped; i += AT_ONCE) await answered(instance.validate(tokens[i % tokens.length] ?? ''));
  };
  const busy = Promise.all([one, two].flatMap((each) => Array.from({ length: AT_ONCE }, (_, i) => work(each, i))));
  // Told by stop(), whenever it is that one is refused.
  busy.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await busy;
    },
  };
}

/** Whether a validation was answered: that nobody can tell is no refusal. */
async function answered(validation: Promise<unknown>): Promise<boolean> {
  try {
    await validation;
    return true;
  } catch (error) {
    if (isFailure(error) && error.kind === 'unavailable') return false;
    throw error;
  }
}

const isRefused = (instance: StartedSession, token: string) =>
  instance.validate(token, Freshness.FRESHNESS_BOUNDED).then(
    () => false,
    (error: unknown) => (error as { reason?: string }).reason === 'SESSION_REVOKED',
  );

describe('a session that is revoked on one instance under load', () => {
  it('is refused on both within the bound, every time, and the canaries say so too', async () => {
    const busy = await Promise.all(Array.from({ length: BUSY_SESSIONS }, () => one.create()));
    const running = load(busy.map(({ sessionToken }) => sessionToken));
    const worst = { here: 0, there: 0 };
    try {
      for (let i = 0; i < REVOCATIONS; i += 1) {
        const [here, there] = i % 2 ? [one, two] : [two, one];
        const { sessionToken } = await here.create();
        for (const each of [here, there]) await waitFor(() => answered(each.validate(sessionToken)), { everyMs: 1 });
        const target = { $case: 'sessionToken' as const, value: sessionToken };
        await here.app.revokeSession({ target, reason: LOGOUT });
        const answeredAtMs = performance.now();
        // A validation counts from when it is asked: none that is asked after the bound is accepted.
        const acceptedForMs = async (instance: StartedSession) => {
          let lastAcceptedMs = 0;
          await waitFor(
            async () => {
              const askedMs = performance.now() - answeredAtMs;
              if (await isRefused(instance, sessionToken)) return true;
              lastAcceptedMs = askedMs;
              return false;
            },
            { everyMs: 1 },
          );
          return lastAcceptedMs;
        };
        worst.here = Math.max(worst.here, await acceptedForMs(here));
        worst.there = Math.max(worst.there, await acceptedForMs(there));
      }
    } finally {
      await running.stop();
    }
    expect(worst.here).toBeLessThanOrEqual(BOUND_MS);
    expect(worst.there).toBeLessThanOrEqual(BOUND_MS);
    for (const instance of [one, two]) {
      const metrics = await instance.metrics();
      expect(metrics).toMatch(/session_canaries_total\{[^}]*result="refused"[^}]*\} [1-9]/);
      expect(metrics).not.toMatch(/session_canaries_total\{[^}]*result="never"/);
    }
  });

  it('is told on a watch of the other instance', async () => {
    const client = await bidiClient(two.service, 'app/test');
    const watch = client.open(SessionServiceService.watchSessions);
    watch.send({ question: 1n });
    await waitFor(() => watch.responses.length > 0, { everyMs: 1 });
    for (let i = 0; i < 20; i += 1) {
      const { sessionToken, session } = await one.create();
      const target = { $case: 'sessionToken' as const, value: sessionToken };
      await one.app.revokeSession({ target, reason: LOGOUT });
      await waitFor(
        () =>
          watch.responses.some(
            ({ event }) => event?.$case === 'changes' && event.value.sessionIds.includes(session.sessionId),
          ),
        { everyMs: 1 },
      );
    }
    client.close();
  });
});
