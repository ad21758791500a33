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
  deps: Pick<Deps, 'writes' | 'clock' | 'events' | 'keyRing' | 'signingKeys'>,
): Handler<RevokeSigningKeyRequest, RevokeSigningKeyResponse> {
  const { writes, clock, signingKeys } = deps;
  return (request, call) =>
    writes.commit(call, request, async (tx) => {
      const { kid, reason } = request;
      await lockSigningKeys(tx);
      const found = await listSigningKeys(tx);
      const key = found.find((each) => each.kid === kid);
      if (!key) throw new Failure('missing', 'SIGNING_KEY_NOT_FOUND', 'There is no such signing key.');
      const at = clock.now();
      const { keys, change } = key.revokedAt
        ? // Told once more, because whoever revoked it may have died before the others heard of it.
          { keys: found, change: { changed: [], revoked: [kid] } }
        : await carryOut(tx, deps, {
            keys: found,
            plan: planRevocation(found, key, { nowMs: at.getTime(), reason }),
            at,
            source: call,
          });
      const reply = {
        revokedAt: keys.find((each) => each.kid === kid)?.revokedAt,
        activeKid: signingKeyAt(keys, clock.now().getTime())?.kid ?? '',
      };
      return { reply, after: () => signingKeys.announce(change) };
    });
}
