import { describe, expect, it } from 'vitest';
import { descriptorImage } from './descriptor-image.ts';
import { compileWithoutSecrets } from './without-secrets.ts';

const compiled = (type: string) => compileWithoutSecrets(descriptorImage().message(type));

describe('a message without its secrets', () => {
  it('lacks what is marked, and nothing else', () => {
    const response = {
      sessionToken: 'ghs_secret',
      session: undefined,
      refreshToken: 'ghr_secret',
      refreshTokenExpiresAt: new Date(0),
      consistencyToken: 'place',
      revokedSessionIds: ['one'],
    };
    const kept = compiled('gatehouse.session.v1.CreateSessionResponse')(response);
    expect(kept).toEqual({ ...response, sessionToken: '', refreshToken: '' });
    // It is a copy: the caller gets all of it.
    expect(response.sessionToken).toBe('ghs_secret');
  });

  it('lacks a secret that was chosen in a oneof, and keeps what is none', () => {
    const without = compiled('gatehouse.session.v1.RevokeSessionRequest');
    const asked = (target: unknown) => without({ target, reason: 1 });
    expect(asked({ $case: 'sessionToken', value: 'ghs_secret' })).toEqual(asked({ $case: 'sessionToken', value: '' }));
    const byId = { $case: 'sessionId', value: 'id' };
    expect(asked(byId)).toEqual({ target: byId, reason: 1 });
  });

  it('lacks lists of secrets', () => {
    const without = compiled('gatehouse.session.v1.BatchValidateSessionsRequest');
    expect(without({ sessionTokens: ['ghs_one', 'ghs_two'] })).toEqual({ sessionTokens: [] });
  });

  it('is the message itself where the type can hold none', () => {
    const message = { grant: undefined };
    expect(compiled('gatehouse.authz.v1.GrantRoleResponse')(message)).toBe(message);
  });

  it('is not made of what is encoded already', () => {
    const without = compiled('gatehouse.session.v1.CreateSessionResponse');
    expect(() => without(Buffer.from('ghs_secret'))).toThrow('encoded already');
  });
});
