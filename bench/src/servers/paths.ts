/** The RPCs that are measured. */
export const PATHS = {
  validateSession: '/gatehouse.session.v1.SessionService/ValidateSession',
  edgeCheck: '/envoy.service.auth.v3.Authorization/Check',
  check: '/gatehouse.authz.v1.AuthzService/Check',
} as const;
