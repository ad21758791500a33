import { authenticateWith, type Runtime } from '@gatehouse/mesh';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting, Client } from '@gatehouse/rpc';

/** What is asked of the session service. */
export interface SessionPeer {
  /** Recognises end users by their session tokens. */
  readonly authenticate: Acting['authenticate'];
  readonly advanceAuthzTokens: Client<typeof SessionServiceService>['advanceAuthzTokens'];
}

/** Opens a client of session; the runtime closes it. */
export function openSession(runtime: Runtime, address: string): SessionPeer {
  const client = runtime.peer('session', SessionServiceService, address);
  return { authenticate: authenticateWith(client), advanceAuthzTokens: client.advanceAuthzTokens };
}
