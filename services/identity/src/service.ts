import type { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { login } from './rpc/login.ts';
import { registerUser } from './rpc/register-user.ts';

/** The identity service: one line for each RPC in identity.proto. */
export function identityService(deps: Deps): Handlers<typeof IdentityServiceService> {
  return {
    registerUser: registerUser(deps),
    login: login(deps),
  };
}
