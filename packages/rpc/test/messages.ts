import type {
  CreateSessionRequest,
  Session,
  ValidateSessionRequest,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';

/** A request that keeps all limits. */
export const VALIDATE: ValidateSessionRequest = { sessionToken: 'x', freshness: 0, consistencyToken: '' };

/** A request that keeps all limits. */
export const CREATE: CreateSessionRequest = {
  userId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
  authenticationMethods: ['pwd'],
  origin: undefined,
  lifetimeSeconds: 0,
  authenticationLevel: 0,
  idleTimeoutSeconds: 0,
  withRefreshToken: false,
};

export const SESSION: Session = {
  sessionId: 's',
  userId: 'u',
  createdAt: new Date(0),
  expiresAt: new Date(1),
  authenticationMethods: ['pwd'],
  origin: undefined,
  authenticationLevel: 1,
  idleTimeoutSeconds: 0,
  lastActivityAt: undefined,
  lastIpAddress: '',
  revokedAt: undefined,
  revokedReason: 0,
  authzToken: '',
};
