import { Failure } from '@gatehouse/failure';
import type { RevokeSigningKeyRequest, RevokeSigningKeyResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { signingKeyAt } from '../domain/signing-key.ts';
import { planRevocation } from '../domain/signing-key-plan.ts';
import { carryOut } from '../store/signing-key-changes.ts';
import { listSigningKeys, lockSigningKeys } from '../store/signing-keys.ts';

/** Withdraws a signing key at once. Another one signs from then on, in the same transaction. */
export function revokeSigningKey(
  deps: Pick<Deps, 'db' | 'clock' | 'events' | 'keyRing' | 'signingKeys'>,
): Handler<RevokeSigningKeyRequest, RevokeSigningKeyResponse> {
  const { clock, signingKeys } = deps;
  return async ({ kid, reason }, call) => {
    const { keys, change } = await deps.db.within(call).transaction(async (tx) => {
      await lockSigningKeys(tx);
      const found = await listSigningKeys(tx);
      const key = found.find((each) => each.kid === kid);
      if (!key) throw new Failure('missing', 'SIGNING_KEY_NOT_FOUND', 'There is no such signing key.');
      // Told once more, because whoever revoked it may have died before the others heard of it.
      if (key.revokedAt) return { keys: found, change: { changed: [], revoked: [kid] } };
      const at = clock.now();
      const plan = planRevocation(found, key, { nowMs: at.getTime(), reason });
      return carryOut(tx, deps, { keys: found, plan, at, source: call });
    });
    await signingKeys.announce(change);
    return {
      revokedAt: keys.find((key) => key.kid === kid)?.revokedAt,
      activeKid: signingKeyAt(keys, clock.now().getTime())?.kid ?? '',
    };
  };
}
