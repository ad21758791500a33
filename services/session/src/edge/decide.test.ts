import { Failure } from '@gatehouse/failure';
import { systemClock } from '@gatehouse/process';
import { describe, expect, it, vi } from 'vitest';
import { readDigest } from '../domain/digest.ts';
import { parsePolicy, type Setting } from '../domain/edge-policy.ts';
import { formatToken, SECRET_BYTES } from '../domain/session-token.ts';
import { decider, type EdgeCall } from './decide.ts';

const SESSION_ID = '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e5f';
const token = formatToken(SESSION_ID, Buffer.alloc(SECRET_BYTES));
const request = {
  method: 'GET',
  host: 'shop.example.com',
  headers: { authorization: `Bearer ${token}` },
  ipAddress: undefined,
};
const session = {
  sessionId: SESSION_ID,
  userId: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e60',
  createdAtMs: 0,
  expiresAtMs: 1_000_000,
  lastActivityMs: 0,
  idleTimeoutMs: 0,
  foundIdleAtMs: 0,
  authenticationLevel: 1,
  authenticationMethods: ['pwd'],
  tokenHash: readDigest(Buffer.alloc(32)),
  reply: Buffer.alloc(0),
};
const call: EdgeCall = {
  peer: { name: 'edge/test', address: '' },
  requestId: SESSION_ID,
  trace: { traceId: '', spanId: '', parentSpanId: undefined, sampled: false },
  actor: undefined,
  deadlineMs: 0,
  get signal(): AbortSignal {
    throw new Error('What is answered from memory needs nothing that could be called off.');
  },
};
const unavailable = () => new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Postgres does not answer.');

function rig() {
  const events = {
    sessionAccepted: vi.fn(),
    sessionRefused: vi.fn(),
    nobodyAccepted: vi.fn(),
    sessionUndecided: vi.fn(),
  };
  const validator = { peek: vi.fn((): typeof session | undefined => session), validate: vi.fn() };
  const accessTokens = {
    audience: () => 'gatehouse',
    peek: vi.fn((): string | undefined => 'kept'),
    issue: vi.fn(async () => ({ token: 'issued', expiresAt: new Date() })),
  };
  const holdsPermission = vi.fn(async () => true);
  const deps = { events, validator, accessTokens, holdsPermission, clock: systemClock, cookieName: 'c' };
  const decide = decider(deps as unknown as Parameters<typeof decider>[0], { removesHeaders: true });
  return { ...deps, decide, ask: (...settings: Setting[]) => decide(request, parsePolicy(settings), call) };
}

describe('the decision', () => {
  it('is made in one synchronous step where everything is in memory, without asking authz', () => {
    const { ask, holdsPermission, validator } = rig();
    expect(ask()).toMatchObject({ outcome: 'allowed', session, accessToken: 'kept' });
    expect(ask(['min_level', '2'])).toMatchObject({ outcome: 'denied', denial: { reason: 'LEVEL_TOO_LOW' } });
    expect(holdsPermission).not.toHaveBeenCalled();
    expect(validator.validate).not.toHaveBeenCalled();
  });

  it('waits for an access token when none is kept', async () => {
    const { ask, accessTokens, events } = rig();
    accessTokens.peek.mockReturnValue(undefined);
    const decision = ask();
    expect(events.sessionAccepted).not.toHaveBeenCalled();
    expect(await decision).toMatchObject({ outcome: 'allowed', accessToken: 'issued' });
    accessTokens.issue.mockRejectedValue(unavailable());
    await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is a denial when the session ends before a token could be made of it', () => {
    const { ask, accessTokens } = rig();
    accessTokens.peek.mockImplementation(() => {
      throw new Failure('unauthenticated', 'SESSION_EXPIRED', 'The session has expired.');
    });
    expect(ask()).toMatchObject({ outcome: 'denied', denial: { status: 401, reason: 'SESSION_EXPIRED' } });
  });

  it.each([
    ['a store that does not answer', unavailable(), 'POSTGRES_UNAVAILABLE'],
    ['a mistake of ours', new TypeError('nothing to read'), 'INTERNAL'],
  ])('is none at all for %s, also where nobody has to be anybody', (_what, error, counted) => {
    const { ask, validator, events } = rig();
    validator.peek.mockImplementation(() => {
      throw error;
    });
    expect(() => ask()).toThrow(error);
    expect(() => ask(['anonymous', 'allow'])).toThrow(error);
    expect(events.sessionUndecided).toHaveBeenCalledWith('edge', counted);
    expect(events.sessionRefused).not.toHaveBeenCalled();
  });

  it.each([
    ['is gone', unavailable()],
    ['refuses to talk to us', new Failure('denied', 'PEER_NOT_ALLOWED', 'The peer may not call.')],
    ['takes us for somebody unknown', new Failure('unauthenticated', 'ACTING_USER_REQUIRED', 'Who are you?')],
  ])('is none at all when authz %s', async (_what, error) => {
    const { ask, holdsPermission, events } = rig();
    holdsPermission.mockRejectedValue(error);
    await expect(ask(['permission', 'projects:read'])).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'AUTHZ_UNAVAILABLE',
    });
    expect(events.sessionRefused).not.toHaveBeenCalled();
  });

  it('is told once, and a session is not accepted before its permission is', async () => {
    const { ask, holdsPermission, events } = rig();
    holdsPermission.mockResolvedValue(false);
    expect(await ask(['permission', 'projects:read'])).toMatchObject({ outcome: 'denied', session });
    expect(events.sessionAccepted).not.toHaveBeenCalled();
    expect(events.sessionRefused).toHaveBeenCalledExactlyOnceWith(
      call,
      'edge',
      'PERMISSION_MISSING',
      SESSION_ID,
      expect.anything(),
    );
  });

  it('denies everything on a route whose policy makes no sense', () => {
    const { decide, validator } = rig();
    expect(decide(request, undefined, call)).toMatchObject({ outcome: 'denied', denial: { status: 500 } });
    expect(validator.peek).not.toHaveBeenCalled();
  });
});
