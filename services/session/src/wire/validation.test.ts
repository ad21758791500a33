import { Failure } from '@gatehouse/failure';
import {
  BatchValidateSessionsResponse,
  RevokedReason,
  SessionValidation,
  StreamValidateSessionsResponse,
  ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { toBatchReply } from '@gatehouse/rpc';
import { describe, expect, it } from 'vitest';
import { readDigest } from '../domain/digest.ts';
import { sessionExpired, sessionIdle, sessionRevoked } from '../domain/session.ts';
import { tokenInvalid } from '../domain/session-token.ts';
import { toReply } from './session.ts';
import { isResult, toRefusal } from './validation.ts';

const reply = (methods: number) =>
  toReply({
    tokenHash: readDigest(Buffer.alloc(32)),
    sessionId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
    userId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c2',
    createdAtMs: 1,
    expiresAtMs: 2,
    lastActivityMs: 1,
    idleTimeoutMs: 0,
    authenticationLevel: 1,
    authenticationMethods: Array.from({ length: methods }, (_, i) => `m${i}`),
    authzToken: '',
  });

describe('a result', () => {
  it('that is a session has the same bytes in all three answers', () => {
    const bytes = reply(2);
    const { session } = ValidateSessionResponse.decode(bytes);
    expect(session).toBeDefined();
    for (const type of [SessionValidation, StreamValidateSessionsResponse]) {
      expect(type.decode(bytes)).toEqual({ result: { $case: 'session', value: session } });
    }
  });

  it.each([
    [tokenInvalid(), 'SESSION_TOKEN_INVALID', false, RevokedReason.REVOKED_REASON_UNSPECIFIED],
    [sessionExpired(), 'SESSION_EXPIRED', false, RevokedReason.REVOKED_REASON_UNSPECIFIED],
    [sessionIdle(), 'SESSION_IDLE', false, RevokedReason.REVOKED_REASON_UNSPECIFIED],
    [sessionRevoked('logout'), 'SESSION_REVOKED', false, RevokedReason.REVOKED_REASON_LOGOUT],
    [sessionRevoked('user_disabled'), 'SESSION_REVOKED', false, RevokedReason.REVOKED_REASON_USER_DISABLED],
    [sessionRevoked('unheard of'), 'SESSION_REVOKED', false, RevokedReason.REVOKED_REASON_UNSPECIFIED],
    [
      new Failure('unavailable', 'POSTGRES_UNAVAILABLE', ''),
      'POSTGRES_UNAVAILABLE',
      true,
      RevokedReason.REVOKED_REASON_UNSPECIFIED,
    ],
    [
      new Failure('deadline', 'DEADLINE_EXCEEDED', ''),
      'DEADLINE_EXCEEDED',
      true,
      RevokedReason.REVOKED_REASON_UNSPECIFIED,
    ],
  ])('that is no session says why (%s)', (failure, reason, retryable, revokedReason) => {
    expect(isResult(failure)).toBe(true);
    const value = { reason, retryable, revokedReason };
    for (let time = 0; time < 2; time += 1) {
      const bytes = toRefusal(failure);
      for (const type of [SessionValidation, StreamValidateSessionsResponse]) {
        expect(type.decode(bytes)).toEqual({ result: { $case: 'refusal', value } });
      }
    }
  });

  it.each([
    new Failure('cancelled', 'CANCELLED', ''),
    new Failure('invalid', 'CONSISTENCY_TOKEN_INVALID', ''),
    new Error('unexpected'),
    undefined,
  ])('is not what was not meant for the caller (%s)', (error) => {
    expect(isResult(error)).toBe(false);
  });
});

describe('the answer to a batch', () => {
  it.each([1, 2, 40, 1_000, 5_000])('is what its encoder would have written (%s methods)', (methods) => {
    const results = [reply(methods), toRefusal(tokenInvalid()), reply(0), toRefusal(sessionRevoked('logout'))];
    const bytes = toBatchReply(results);
    const message = { results: results.map((each) => SessionValidation.decode(each)) };
    expect(bytes.equals(Buffer.from(BatchValidateSessionsResponse.encode(message).finish()))).toBe(true);
  });

  it('is never put together without a result for each token', () => {
    const missing: (Buffer | undefined)[] = new Array(2);
    missing[0] = reply(1);
    expect(() => toBatchReply(missing)).toThrow('Item 1');
    expect(() => toBatchReply([Buffer.alloc(0)])).toThrow('Item 0');
  });
});
