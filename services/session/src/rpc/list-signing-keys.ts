import type { ListSigningKeysRequest, ListSigningKeysResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { listSigningKeys as readSigningKeys } from '../store/signing-keys.ts';
import { toSigningKeyMessage } from '../wire/signing-key.ts';

/** Lists all signing keys that are still kept, as Postgres has them. */
export function listSigningKeys({
  db,
  clock,
}: Pick<Deps, 'db' | 'clock'>): Handler<ListSigningKeysRequest, ListSigningKeysResponse> {
  return async (_request, call) => {
    const keys = await readSigningKeys(db.within(call));
    const nowMs = clock.now().getTime();
    return { signingKeys: keys.map((key) => toSigningKeyMessage(key, nowMs)) };
  };
}
