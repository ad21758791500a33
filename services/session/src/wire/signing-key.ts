import { type SigningKey as SigningKeyMessage, SigningKeyState } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { type SigningKey, type SigningKeyState as State, stateOf } from '../domain/signing-key.ts';

const STATES: Readonly<Record<State, SigningKeyState>> = {
  published: SigningKeyState.SIGNING_KEY_STATE_PUBLISHED,
  active: SigningKeyState.SIGNING_KEY_STATE_ACTIVE,
  retired: SigningKeyState.SIGNING_KEY_STATE_RETIRED,
  revoked: SigningKeyState.SIGNING_KEY_STATE_REVOKED,
};

/** A signing key as its administrators see it: without its private half. */
export function toSigningKeyMessage(key: SigningKey, nowMs: number): SigningKeyMessage {
  const { kid, algorithm, createdAt, activatesAt, retiresAt, expiresAt, revokedAt } = key;
  return {
    kid,
    algorithm,
    state: STATES[stateOf(key, nowMs)],
    createdAt,
    activatesAt,
    retiresAt,
    expiresAt,
    revokedAt,
  };
}
