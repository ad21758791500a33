import type { RotateSigningKeyRequest, RotateSigningKeyResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { signingKeyAt, waitingKey } from '../domain/signing-key.ts';
import { planDemandedRotation } from '../domain/signing-key-plan.ts';
import { carryOut } from '../store/signing-key-changes.ts';
import { listSigningKeys, lockSigningKeys } from '../store/signing-keys.ts';
import { toSigningKeyMessage } from '../wire/signing-key.ts';

/** Publishes the key that will be used next, unless one is published already. */
export function rotateSigningKey(
  deps: Pick<Deps, 'db' | 'clock' | 'events' | 'keyRing' | 'keyTerms' | 'signingKeys'>,
): Handler<RotateSigningKeyRequest, RotateSigningKeyResponse> {
  const { clock, keyTerms, signingKeys } = deps;
  return async (_request, call) => {
    const { keys, change } = await deps.db.within(call).transaction(async (tx) => {
      await lockSigningKeys(tx);
      const found = await listSigningKeys(tx);
      const at = clock.now();
      const plan = planDemandedRotation(found, at.getTime(), keyTerms);
      return carryOut(tx, deps, { keys: found, plan, at, source: call });
    });
    await signingKeys.announce(change);
    const nowMs = clock.now().getTime();
    const next = waitingKey(keys, nowMs) ?? signingKeyAt(keys, nowMs);
    return { signingKey: next && toSigningKeyMessage(next, nowMs) };
  };
}
