/** The RPCs that are measured. */
export const PATHS = {
  validateSession: '/gatehouse.session.v1.SessionService/ValidateSession',
  batchValidateSessions: '/gatehouse.session.v1.SessionService/BatchValidateSessions',
  streamValidateSessions: '/gatehouse.session.v1.SessionService/StreamValidateSessions',
  edgeCheck: '/envoy.service.auth.v3.Authorization/Check',
  check: '/gatehouse.authz.v1.AuthzService/Check',
  batchCheck: '/gatehouse.authz.v1.AuthzService/BatchCheck',
  streamCheck: '/gatehouse.authz.v1.AuthzService/StreamCheck',
} as const;
