import { ensure, expecting, refusal } from './expect.ts';
import { ORIGIN } from './origin.ts';
import type { Journey, World } from './world.ts';

/** Logs in; a wrong password and an unknown account get the same answer. */
export async function login({ identity }: World, journey: Journey): Promise<string> {
  const attempt = (email: string, password: string, context: { requestId: string }) =>
    identity.login(
      { account: { $case: 'email', value: email }, password, origin: ORIGIN, withRefreshToken: false },
      context,
    );
  const refused = (email: string, password: string) =>
    refusal(attempt(email, password, expecting(journey, 'peer:app/shop', 'login.failed')));
  const wrong = await refused(journey.email, 'not the password');
  const unknown = await refused(`nobody.${journey.email}`, journey.password);
  ensure(wrong === unknown, `A wrong password: ${wrong}; an unknown account: ${unknown}.`);
  const context = expecting(journey, 'peer:identity', 'session.created');
  journey.expected.push({ ...context, eventType: 'login.succeeded', actor: 'user' });
  const { sessionToken, session } = await attempt(journey.email, journey.password, context);
  ensure(session?.userId === journey.userId, 'The session is of another user.');
  journey.sessionToken = sessionToken;
  journey.sessionId = session.sessionId;
  return `session ${session.sessionId}; a wrong password and an unknown account: ${wrong}`;
}
