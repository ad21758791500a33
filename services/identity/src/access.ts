import type { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { type Access, peers } from '@gatehouse/rpc';

/** Who may call what. Applications serve end users, so they register and sign in. */
export const access = {
  registerUser: { peers: [peers.anyApp, peers.anyOperator] },
  login: { peers: [peers.anyApp, peers.anyOperator] },
} satisfies Access<typeof IdentityServiceService>;
