import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyRing } from './key-ring.ts';
import { formatToken, parseToken, SECRET_BYTES } from './session-token.ts';
import { type TokenForm, tokenGate, VAIN_LOOKUPS_MAX } from './token-gate.ts';

const SESSION = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
const ring = keyRing([{ id: 1, secret: randomBytes(32) }]);
const made = (by?: typeof ring) => parseToken(formatToken(SESSION, randomBytes(SECRET_BYTES), by));
const gateOf = (form: TokenForm) => tokenGate(ring, form, () => 0);
const invalid = expect.objectContaining({ kind: 'unauthenticated', reason: 'SESSION_TOKEN_INVALID' });
const limited = expect.objectContaining({ kind: 'limited', reason: 'SESSION_LOOKUPS_LIMITED', retryAfterMs: 1_000 });

describe.each(['plain', 'keyed', 'keyed-only'] as const)('the gate for tokens, %s', (form) => {
  it('lets every token through that its MAC vouches for, as often as it comes', () => {
    const gate = gateOf(form);
    for (let i = 0; i < 2 * VAIN_LOOKUPS_MAX; i++) {
      const admission = gate.admit(made(ring), 'app/shop');
      expect(admission.isIssued).toBe(true);
      admission.spend();
    }
  });

  it('stops one with a MAC of somebody else', () => {
    const other = keyRing([{ id: 1, secret: randomBytes(32) }]);
    expect(() => gateOf(form).admit(made(other), 'app/shop')).toThrow(invalid);
  });
});

describe.each(['plain', 'keyed'] as const)('plain tokens at the gate, %s', (form) => {
  it('cost a peer one of its lookups in vain each, once', () => {
    const gate = gateOf(form);
    for (let i = 0; i < VAIN_LOOKUPS_MAX; i++) {
      const admission = gate.admit(made(), 'app/shop');
      expect(admission.isIssued).toBe(false);
      admission.spend();
      admission.spend();
    }
    const next = gate.admit(made(), 'app/shop');
    expect(() => next.spend()).toThrow(limited);
    gate.admit(made(), 'app/other').spend();
  });

  it('cost nothing when they are proven', () => {
    const gate = gateOf(form);
    for (let i = 0; i < 2 * VAIN_LOOKUPS_MAX; i++) {
      const admission = gate.admit(made(), 'app/shop');
      if (i % 2) admission.spend();
      admission.proven();
      admission.proven();
    }
    for (let i = 0; i < VAIN_LOOKUPS_MAX; i++) gate.admit(made(), 'app/shop').spend();
    expect(() => gate.admit(made(), 'app/shop').spend()).toThrow(limited);
  });
});

it('takes no plain token any more when it is set to keyed-only', () => {
  expect(() => gateOf('keyed-only').admit(made(), 'app/shop')).toThrow(invalid);
});
