import { isFailure } from '@gatehouse/failure';
import { ensure, expecting, FlowError, refusal } from './expect.ts';
import { ORIGIN } from './origin.ts';
import type { Journey, World } from './world.ts';

/** The user is not there yet, so the application is who does it. */
const APP = 'peer:app/shop';

/** Registers a user; the same e-mail again and a weak password are refused. */
export async function register({ identity }: World, journey: Journey): Promise<string> {
  const { email, password } = journey;
  const request = { email, password, username: '', origin: ORIGIN };
  const first = expecting(journey, APP, 'user.registered');
  const { user } = await identity.registerUser(request, first);
  ensure(user?.userId, 'No user came back.');
  journey.userId = user.userId;
  const again = { ...request, email: email.toUpperCase() };
  const taken = await refusal(identity.registerUser(again, expecting(journey, APP, 'user.registration_refused')));
  ensure(taken === 'EMAIL_TAKEN', `The same e-mail was refused with ${taken}.`);
  const weak = { ...request, email: `other.${email}`, password: 'aaaaaaa' };
  const broken = await identity.registerUser(weak, expecting(journey, APP, 'user.registration_refused')).then(
    () => {
      throw new FlowError('A weak password was accepted.');
    },
    (error: unknown) => {
      if (!isFailure(error, 'PASSWORD_TOO_WEAK')) throw error;
      return error.metadata.rules ?? '';
    },
  );
  ensure(broken.split(',').length >= 2, `Not every broken rule was named: ${broken}.`);
  return `user ${journey.userId}; the same e-mail: ${taken}; a weak password: ${broken}`;
}
