import { Failure } from '@gatehouse/failure';
import { createRegistry } from '@gatehouse/process';
import { fakeClock } from '@gatehouse/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Signer } from '../domain/access-token.ts';
import { type NewKeyPair, newKeyPair } from '../domain/signing-key.ts';
import { type AccessTokens, accessTokens } from './access-tokens.ts';

const clock = fakeClock();
const nowMs = () => clock.now().getTime();
const terms = { issuer: 'https://gatehouse.test', audiences: ['shop', 'billing'], lifetimeSeconds: 300 };

let key: NewKeyPair;
let signer: Signer | undefined;
let held: Set<string>;
let asked: number;
let tokens: AccessTokens;

const session = () => ({
  sessionId: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4f0e',
  userId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
  createdAtMs: nowMs(),
  expiresAtMs: nowMs() + 3_600_000,
  authenticationLevel: 2,
  authenticationMethods: ['pwd', 'otp'],
});

beforeEach(() => {
  key = newKeyPair();
  signer = key;
  held = new Set([key.kid]);
  asked = 0;
  tokens = accessTokens({
    keys: {
      peekSigner: () => signer,
      signer: async () => {
        asked += 1;
        throw new Failure('unavailable', 'SIGNING_KEY_UNAVAILABLE', 'None.');
      },
      holds: (kid) => held.has(kid),
      publicKey: async () => undefined,
    },
    terms,
    clock,
    registry: createRegistry('session'),
  });
});

describe('access tokens on a hot path', () => {
  it('are made and kept in one synchronous step, the same as issue gives', async () => {
    const one = session();
    const token = tokens.peek(one, 'shop', nowMs());
    expect(token).toBeTypeOf('string');
    expect(tokens.peek(one, 'shop', nowMs())).toBe(token);
    await expect(tokens.issue(one, 'shop', nowMs())).resolves.toMatchObject({ token });
    expect(tokens.peek(one, 'billing', nowMs())).not.toBe(token);
    expect(tokens.peek(session(), 'shop', nowMs())).not.toBe(token);
    expect(decodeJwt(token ?? '')).toMatchObject({ acr: '2', amr: ['pwd', 'otp'], aud: 'shop' });
  });

  it('are none while no key is known, and issue asks for one', async () => {
    signer = undefined;
    expect(tokens.peek(session(), 'shop', nowMs())).toBeUndefined();
    await expect(tokens.issue(session(), 'shop', nowMs())).rejects.toMatchObject({ kind: 'unavailable' });
    expect(asked).toBe(1);
  });

  it('are new from the middle of their life on', () => {
    const one = session();
    const at = nowMs();
    const token = tokens.peek(one, 'shop', at);
    expect(tokens.peek(one, 'shop', at + 149_999)).toBe(token);
    expect(tokens.peek(one, 'shop', at + 150_000)).not.toBe(token);
  });

  it('go on when another key signs, and are new when their key is revoked', () => {
    const one = session();
    const token = tokens.peek(one, 'shop', nowMs());
    const next = newKeyPair();
    signer = next;
    held.add(next.kid);
    expect(tokens.peek(one, 'shop', nowMs())).toBe(token);
    held.delete(key.kid);
    expect(decodeProtectedHeader(tokens.peek(one, 'shop', nowMs()) ?? '').kid).toBe(next.kid);
  });
});
