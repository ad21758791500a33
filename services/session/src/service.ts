import type { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { check } from './rpc/check.ts';
import { createSession } from './rpc/create-session.ts';
import { revokeSession } from './rpc/revoke-session.ts';
import { validateSession } from './rpc/validate-session.ts';

/** The session service: one line for each RPC in session.proto. */
export function sessionService(deps: Deps): Handlers<typeof SessionServiceService> {
  return {
    createSession: createSession(deps),
    validateSession: validateSession(deps),
    revokeSession: revokeSession(deps),
  };
}

/** What Envoy asks: envoy.service.auth.v3.Authorization. */
export function edgeService(deps: Deps): Handlers<typeof AuthorizationService> {
  return {
    check: check(deps),
  };
}
