import type { CallOptions } from '../channel/open-channel.ts';
import type { KeySet } from './open-tokens.ts';

/** Where the keys come from: the session service itself, or the key set that it serves over HTTPS. */
export type KeySourceOptions =
  | {
      /** A client of `connectGatehouse`. */
      readonly client: { readonly tokens: { keySet(options?: CallOptions): Promise<KeySet> } };
    }
  | {
      /** `https://…/.well-known/jwks.json`. Plain `http` is accepted for a loopback address only. */
      readonly jwksUrl: string;
      /** In place of the global fetch, for instance one that trusts other authorities. */
      readonly fetch?: typeof fetch;
    };

export type KeySource = () => Promise<KeySet>;

const TIMEOUT_MS = 5_000;
/** Largest key set that is read. A hundred keys have about 20 KiB. */
const KEY_SET_BYTES_MAX = 64 * 1024;
/** How long keys are kept where the answer does not say. */
const MAX_AGE_SECONDS = 300;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Throws TypeError for an address that anybody on the way could answer for. */
export function openKeySource(options: KeySourceOptions): KeySource {
  if ('client' in options) return () => options.client.tokens.keySet({ timeoutMs: TIMEOUT_MS });
  const url = new URL(options.jwksUrl);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw new TypeError('Keys are fetched over https only.');
  }
  const { fetch: fetchKeys = fetch } = options;
  return async () => {
    // A redirect could lead to whoever may answer for another address.
    const response = await fetchKeys(url, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`The key set was answered with HTTP status ${response.status}.`);
    }
    const body: unknown = JSON.parse(await readText(response));
    const keys = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : undefined;
    if (!Array.isArray(keys)) throw new Error('The key set has no keys.');
    return { keys, maxAgeSeconds: maxAgeOf(response.headers.get('cache-control')) };
  };
}

/** Stops reading where a key set is longer than any of ours, whatever its Content-Length says. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > KEY_SET_BYTES_MAX) throw new Error('The key set is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function maxAgeOf(cacheControl: string | null): number {
  const [, seconds] = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl ?? '') ?? [];
  return seconds === undefined ? MAX_AGE_SECONDS : Number(seconds);
}
