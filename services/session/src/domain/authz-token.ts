/** A consistency token of authz for checks about one user, and its place among the user's tokens. */
export interface AuthzToken {
  readonly userId: string;
  readonly token: string;
  readonly position: bigint;
}

/** The newest of them for each user. */
export function newestOf(tokens: readonly AuthzToken[]): AuthzToken[] {
  const newest = new Map<string, AuthzToken>();
  for (const token of tokens) {
    const known = newest.get(token.userId);
    if (!known || token.position > known.position) newest.set(token.userId, token);
  }
  return [...newest.values()];
}
