import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { SecretKey } from '@gatehouse/process';
import type { Idempotency } from '@gatehouse/rpc';

/** Digests by which requests are recognised, and nothing else: who reads them can't try what a secret in a request may be. */
export interface RequestDigests {
  of(idempotency: Idempotency, request: unknown): Buffer;
  /** Whether a digest that was made before is of this request; those of a key that has left are of none. */
  isOf(digest: Buffer, idempotency: Idempotency, request: unknown): boolean;
}

/** HMACs under keys derived from the service's secret keys; the first one makes what is new. */
export function requestDigests(schema: string, secretKeys: readonly SecretKey[]): RequestDigests {
  const keys = secretKeys.map(({ secret }) =>
    Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `gatehouse ${schema} idempotency v1`, 32)),
  );
  const [first] = keys;
  if (!first) throw new RangeError('Requests are digested with at least one key.');
  const mac = (key: Buffer, content: Buffer) => createHmac('sha256', key).update(content).digest();
  return {
    of: (idempotency, request) => mac(first, contentOf(idempotency, request)),
    isOf(digest, idempotency, request) {
      const content = contentOf(idempotency, request);
      // What authz kept before there were keys: no request of its holds a secret.
      const candidates = [...keys.map((key) => mac(key, content)), createHash('sha256').update(content).digest()];
      return candidates.some((candidate) => candidate.equals(digest));
    },
  };
}

/** The name of the RPC and the request as it is encoded, in which a field that a later version adds changes nothing while unset. */
function contentOf({ method, encodeRequest }: Idempotency, request: unknown): Buffer {
  return Buffer.concat([Buffer.from(`${method}\0`), encodeRequest(request)]);
}
