import { ValidateSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';

/** What the ceiling answers to everything: the answer to a validation, of the size that it really has. */
export const CEILING_REPLY: Buffer = Buffer.from(
  ValidateSessionResponse.encode({
    session: {
      sessionId: '01930f6e-5b2a-7c3d-8e4f-a1b2c3d4e5f6',
      userId: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e5f',
      createdAt: new Date('2030-01-01T12:00:00.123Z'),
      expiresAt: new Date('2030-01-31T12:00:00.123Z'),
      authenticationMethods: ['pwd', 'otp'],
      authenticationLevel: 2,
      idleTimeoutSeconds: 604_800,
      origin: undefined,
      lastActivityAt: undefined,
      lastIpAddress: '',
      revokedAt: undefined,
      revokedReason: 0,
      authzToken: '',
    },
  }).finish(),
);
