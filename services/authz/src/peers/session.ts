import { authenticateWith, type Runtime } from '@gatehouse/mesh';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting } from '@gatehouse/rpc';

/** Recognises end users by their session tokens. */
export function authenticateAt(runtime: Runtime, address: string): Acting['authenticate'] {
  return authenticateWith(runtime.peer('session', SessionServiceService, address));
}
