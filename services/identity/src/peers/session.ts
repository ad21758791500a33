import { type FailureKind, isFailure } from '@gatehouse/failure';
import type { Runtime } from '@gatehouse/mesh';
import type { Origin } from '@gatehouse/proto/gatehouse/origin/v1/origin.ts';
import { type Session, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call } from '@gatehouse/rpc';

/** A session that was just created. */
export interface NewSession {
  /** The only copy of the secret. */
  readonly sessionToken: string;
  readonly session: Session;
  /** Empty unless it was asked for. */
  readonly refreshToken: string;
  readonly refreshTokenExpiresAt: Date | undefined;
}

/** A user whose password was verified. */
export interface PasswordLogin {
  readonly userId: string;
  readonly origin: Origin;
  readonly withRefreshToken: boolean;
}

/** What identity asks of the session service. */
export interface SessionPeer {
  /**
   * Creates a session of a user whose password was verified. Throws Failure `unavailable`, `limited`, `deadline` or
   * `cancelled` as the session service gave it.
   */
  createPasswordSession(login: PasswordLogin, call: Call): Promise<NewSession>;
}

/** How a session that began with a password was authenticated (RFC 8176). */
const PASSWORD_METHODS = ['pwd'];
/** How far a password alone proves who somebody is (NIST SP 800-63B, authenticator assurance level 1). */
const PASSWORD_LEVEL = 1;
/** What the caller of identity can act on. Any other refusal tells of a mistake between the two services. */
const TOLD_KINDS: ReadonlySet<FailureKind> = new Set(['unavailable', 'limited', 'deadline', 'cancelled']);

/** The session service as identity sees it. */
export function sessionPeer(runtime: Pick<Runtime, 'peer'>, address: string): SessionPeer {
  const client = runtime.peer('session', SessionServiceService, address);
  return {
    async createPasswordSession({ userId, origin, withRefreshToken }, { deadlineMs, requestId, trace, signal }) {
      const { sessionToken, session, refreshToken, refreshTokenExpiresAt } = await client
        .createSession(
          {
            userId,
            authenticationMethods: PASSWORD_METHODS,
            authenticationLevel: PASSWORD_LEVEL,
            origin,
            lifetimeSeconds: 0,
            idleTimeoutSeconds: 0,
            withRefreshToken,
          },
          { deadlineMs, requestId, trace, signal },
        )
        .catch((error: unknown) => {
          throw toTold(error);
        });
      if (!session) throw new Error('The session service answered without a session.');
      return { sessionToken, session, refreshToken, refreshTokenExpiresAt };
    },
  };
}

function toTold(error: unknown): unknown {
  if (!isFailure(error) || TOLD_KINDS.has(error.kind)) return error;
  return new Error(`The session service refused to create a session: ${error.reason}.`, { cause: error });
}
