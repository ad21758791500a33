import type { GetJsonWebKeySetRequest, GetJsonWebKeySetResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';

/** Returns the public keys that access tokens are verified with. */
export function getJsonWebKeySet({
  signingKeys,
  keyTerms,
}: Pick<Deps, 'signingKeys' | 'keyTerms'>): Handler<GetJsonWebKeySetRequest, GetJsonWebKeySetResponse> {
  return async () => {
    const { keys, json } = await signingKeys.keySet();
    return { keys: [...keys], maxAgeSeconds: keyTerms.maxAgeSeconds, json };
  };
}
