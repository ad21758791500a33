/** Who may call an RPC. What no rule names is refused. */
export interface AccessRule {
  /** Peers that may call outright: whole names, or classes such as `app/*`. */
  readonly peers: readonly string[];
  /** Peers that may call for an end user who holds the permission, proved by a session token. */
  readonly acting?: { readonly peers: readonly string[]; readonly permission: string };
}

/** One rule for each RPC of a service definition: an RPC without its line does not compile. */
export type Access<Definition> = { readonly [Rpc in keyof Definition]: AccessRule };

/** The names of the mesh's peers and classes of peers, so that access tables cannot misspell them. */
export const peers = {
  identity: 'identity',
  session: 'session',
  authz: 'authz',
  audit: 'audit',
  ops: 'ops',
  /** The company's own services. */
  anyApp: 'app/*',
  /** Envoy and other proxies. */
  anyEdge: 'edge/*',
  /** People and tools that administer Gatehouse. */
  anyOperator: 'operator/*',
} as const;
