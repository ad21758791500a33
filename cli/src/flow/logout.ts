import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { waitFor } from '@gatehouse/testing';
import { ensure, expecting, refusal } from './expect.ts';
import type { Journey, World } from './world.ts';

/** How long an instance may take to hear of a revocation when messages are lost; half of it is the default bound. */
const HEARD_WITHIN_MS = 2_000;

/** Logs out; the next validation is refused here at once, and on another instance, where there is one, too. */
export async function logout({ session, sessionElsewhere, hasElsewhere }: World, journey: Journey): Promise<string> {
  const { sessionToken } = journey;
  const bounded = { sessionToken, freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken: '' };
  // The other instance has the session in its memory, so that it must be told.
  await sessionElsewhere.validateSession(bounded, expecting(journey, 'user', 'session.validated'));
  await session.revokeSession(
    { target: { $case: 'sessionToken', value: sessionToken }, reason: RevokedReason.REVOKED_REASON_LOGOUT },
    expecting(journey, 'user', 'session.revoked'),
  );
  const revokedAt = performance.now();
  const here = await refusal(session.validateSession(bounded, expecting(journey, 'peer:app/shop', 'session.refused')));
  ensure(here === 'SESSION_REVOKED', `After the log-out the answer was ${here}.`);
  const strict = { ...bounded, freshness: Freshness.FRESHNESS_STRICT };
  const strictly = await refusal(
    sessionElsewhere.validateSession(strict, expecting(journey, 'peer:app/shop', 'session.refused')),
  );
  ensure(strictly === 'SESSION_REVOKED', `A strict validation answered ${strictly}.`);
  await waitFor(
    () =>
      sessionElsewhere.validateSession(bounded).then(
        () => false,
        () => true,
      ),
    {
      timeoutMs: HEARD_WITHIN_MS,
      everyMs: 1,
    },
  );
  const heardMs = Math.round(performance.now() - revokedAt);
  if (!hasElsewhere) return 'SESSION_REVOKED at once';
  return `SESSION_REVOKED here at once, on the other instance within ${heardMs} ms`;
}
