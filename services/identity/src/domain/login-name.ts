/** What an account is known by: the key of one of the two lookups. */
export interface LoginName {
  readonly kind: 'email' | 'username';
  /** In lower case. */
  readonly key: string;
}

/** The key under which an address or a user name stands in its lookup, however it was typed. */
export function toLoginName(kind: LoginName['kind'], typed: string): LoginName {
  return { kind, key: typed.toLowerCase() };
}
