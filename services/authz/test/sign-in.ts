import { randomUUID } from 'node:crypto';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import * as session from '@gatehouse/session-service';
import { startTestService } from '@gatehouse/testing';

/** End users who can sign in. */
export interface SignIn {
  /** What the authz service must know to recognise them. */
  readonly env: Record<string, string>;
  /** A new user, and what a call for that user carries. */
  signIn(): Promise<{ readonly userId: string; readonly sessionToken: string }>;
  stop(): Promise<void>;
}

/** A session service of its own. */
export async function startSessions(): Promise<SignIn> {
  const service = await startTestService({ name: 'session', main: session });
  const identity = service.connectAs('identity', SessionServiceService);
  return {
    env: { GATEHOUSE_SESSION_ADDRESS: service.address },
    async signIn() {
      const userId = randomUUID();
      const { sessionToken } = await identity.createSession({
        userId,
        authenticationMethods: ['pwd'],
        origin: undefined,
        lifetimeSeconds: 3_600,
        authenticationLevel: 1,
        idleTimeoutSeconds: 0,
        withRefreshToken: false,
      });
      return { userId, sessionToken };
    },
    stop: () => service.stop(),
  };
}
