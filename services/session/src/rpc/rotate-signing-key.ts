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
  deps: Pick<Deps, 'writes' | 'clock' | 'events' | 'keyRing' | 'keyTerms' | 'signingKeys'>,
): Handler<RotateSigningKeyRequest, RotateSigningKeyResponse> {
  const { writes, clock, keyTerms, signingKeys } = deps;
  return (request, call) =>
    writes.commit(call, request, async (tx) => {
      await lockSigningKeys(tx);
      const found = await listSigningKeys(tx);
      const at = clock.now();
      const plan = planDemandedRotation(found, at.getTime(), keyTerms);
      const { keys, change } = await carryOut(tx, deps, { keys: found, plan, at, source: call });
      const nowMs = clock.now().getTime();
      const next = waitingKey(keys, nowMs) ?? signingKeyAt(keys, nowMs);
      return {
        reply: { signingKey: next && toSigningKeyMessage(next, nowMs) },
        after: () => signingKeys.announce(change),
      };
    });
}
