/**
 * The RPCs that may be made twice: those that the contract marks as idempotent or free of side effects. Streams are not
 * among them, because one that breaks is not repeated but begun anew.
 */
export const IDEMPOTENT_RPCS = {
  'gatehouse.session.v1.SessionService': [
    'ValidateSession',
    'BatchValidateSessions',
    'ExtendSession',
    'ListSessions',
    'RevokeSession',
    'RevokeOtherSessions',
    'RevokeUserSessions',
    'SearchSessions',
    'RevokeFoundSessions',
    'GetPresence',
    'ListOnlineUsers',
  ],
  'gatehouse.session.v1.TokenService': ['RefreshSession', 'IssueAccessToken', 'IntrospectToken', 'GetJsonWebKeySet'],
  // Of authz, those that the client has.
  'gatehouse.authz.v1.AuthzService': ['BatchCheck'],
  'gatehouse.authz.v1.WatchService': ['GetUserGrants'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
