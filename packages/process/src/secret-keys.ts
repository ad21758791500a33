import { z } from 'zod';

/** One secret key of a service: 32 bytes that everything else is derived from. */
export interface SecretKey {
  /** From 1 to 255. */
  readonly id: number;
  readonly secret: Buffer;
}

const ID_MAX = 255;
const KEY_BYTES = 32;
const KEYS_MAX = 16;
const EXPECTED = 'id:key pairs with commas between: ids from 1 to 255, each once, and keys of 32 bytes in base64url';

/** `id:key,id:key`, at most 16. The first key is used for what is new, the others for what was made before. */
export const secretKeys = z.string({ error: EXPECTED }).transform((text, context): SecretKey[] => {
  const keys = text.split(',').map((part) => {
    const [id, key = ''] = part.trim().split(':');
    return { id: Number(id), secret: Buffer.from(key, 'base64url') };
  });
  const good = keys.every(
    ({ id, secret }) => Number.isInteger(id) && id >= 1 && id <= ID_MAX && secret.length === KEY_BYTES,
  );
  const distinct = new Set(keys.map(({ id }) => id)).size === keys.length;
  if (good && distinct && keys.length <= KEYS_MAX) return keys;
  context.addIssue(EXPECTED);
  return z.NEVER;
});
