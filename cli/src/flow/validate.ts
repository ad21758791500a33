import { uuidv7 } from '@gatehouse/process';
import type { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { Freshness } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { envoyCheckRequest, waitFor } from '@gatehouse/testing';
import { ensure, expecting } from './expect.ts';
import { ORIGIN } from './origin.ts';
import type { Journey, World } from './world.ts';

const UNAUTHORIZED = 401;

/** Validates the session with the service and at the edge; no token, a tampered one and an expired one are denied. */
export async function validate(world: World, journey: Journey): Promise<string> {
  const { session, edge, sessionOperator } = world;
  const { sessionToken } = journey;
  const validated = await session.validateSession(
    { sessionToken, freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken: '' },
    expecting(journey, 'user', 'session.validated'),
  );
  ensure(validated.session?.userId === journey.userId, 'The session is of another user.');

  const ask = (headers: Record<string, string>, actor: string, event: string) => {
    const { requestId } = expecting(journey, actor, event);
    return edge.check(envoyCheckRequest({ 'x-request-id': requestId, ...headers }));
  };
  const spoofed = { 'x-auth-subject': 'root', 'x-auth-roles': 'admin' };
  const answer = await ask({ authorization: `Bearer ${sessionToken}`, ...spoofed }, 'user', 'request.allowed');
  const ok = answer.httpResponse?.$case === 'okResponse' ? answer.httpResponse.value : undefined;
  ensure(answer.status?.code === 0 && ok, 'The edge denied a good session.');
  const subject = ok.headers.find(({ header }) => header?.key === 'x-auth-subject')?.header?.value;
  ensure(subject === journey.userId, `The upstream is told that ${subject} is calling.`);
  ensure(ok.headersToRemove.includes('x-auth-roles'), 'A spoofed header was left in.');

  const expired = await sessionOperator.createSession(
    {
      userId: journey.userId,
      authenticationMethods: ['pwd'],
      authenticationLevel: 1,
      origin: ORIGIN,
      lifetimeSeconds: 1,
      idleTimeoutSeconds: 0,
      withRefreshToken: false,
    },
    expecting(journey, 'peer:operator/cli', 'session.created'),
  );
  await waitFor(() => Date.now() > (expired.session?.expiresAt?.getTime() ?? 0));
  const tampered = sessionToken.slice(0, -1) + (sessionToken.endsWith('A') ? 'B' : 'A');
  // Of nobody there is no event.
  const denyNobody = async (headers: Record<string, string>) =>
    denial(await edge.check(envoyCheckRequest({ 'x-request-id': uuidv7(), ...headers })));
  const ended = { authorization: `Bearer ${expired.sessionToken}` };
  const reasons = [
    await denyNobody({}),
    await denyNobody({ authorization: `Bearer ${tampered}` }),
    denial(await ask(ended, 'peer:edge/envoy', 'request.denied')),
  ];
  const wanted = ['SESSION_TOKEN_MISSING', 'SESSION_TOKEN_INVALID', 'SESSION_EXPIRED'];
  ensure(reasons.join() === wanted.join(), `Denials gave the reasons ${reasons.join(', ')}.`);
  return `x-auth-subject ${subject}, spoofed headers out; denied with 401: ${reasons.join(', ')}`;
}

function denial({ status, httpResponse }: CheckResponse): string {
  ensure(status?.code !== 0 && httpResponse?.$case === 'deniedResponse', 'The edge let a bad request pass.');
  ensure(httpResponse.value.status?.code === UNAUTHORIZED, 'A denial had another status than 401.');
  return httpResponse.value.headers.find(({ header }) => header?.key === 'x-ext-auth-reason')?.header?.value ?? '';
}
