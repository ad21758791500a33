import { invalidToken } from './access-token-error.ts';
import { parseStrictObject } from './strict-json.ts';

/** The one algorithm. It is not read from the token: a token that names another is refused before any key is looked for. */
export const ALGORITHM = 'ES256';

const MEMBERS = 3;
/** RFC 9068, section 2.1; media types are compared without their case (RFC 7515, section 4.1.9). */
const TYPE = /^(?:application\/)?at\+jwt$/i;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads the header of a token and returns its `kid`. Throws ACCESS_TOKEN_INVALID unless it says alg, typ and kid, and
 * nothing else: no key, no address of a key, no extension.
 */
export function readHeader(text: string): string {
  const header = parseStrictObject(text);
  const { alg, typ, kid } = header;
  if (Object.keys(header).length !== MEMBERS || alg !== ALGORITHM) throw invalidToken();
  if (typeof typ !== 'string' || !TYPE.test(typ)) throw invalidToken();
  if (!isKeyId(kid)) throw invalidToken();
  return kid;
}

/** Whether a value can be the id of a key. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && KEY_ID.test(value);
}
