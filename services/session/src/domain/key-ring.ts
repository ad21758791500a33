import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** One key of the configuration: 32 bytes that everything else is derived from. */
export interface RingKey {
  /** From 1 to KEY_ID_MAX; it is stored with whatever the key has sealed. */
  readonly id: number;
  readonly secret: Buffer;
}

/** The service's secret keys. The first one seals and derives; all of them open and recognise what they made before. */
export interface KeyRing {
  /** The id of the first key. */
  readonly currentId: number;
  /** The ids of all keys, the first one first. */
  readonly ids: readonly number[];
  /** A key of 32 bytes for one purpose, from the ring key with this id; undefined when the ring has none. */
  derive(id: number, purpose: string): Buffer | undefined;
  /** Encrypts with AES-256-GCM. `context` must be the same at opening: it keeps a sealed value from standing for another. */
  seal(plain: Buffer, context: string): Buffer;
  /** Decrypts what `seal` made. Throws when the ring key is gone, the context is another, or the bytes were changed. */
  open(sealed: Buffer, context: string): Buffer;
}

/** A key id is one byte. */
export const KEY_ID_MAX = 255;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALING = 'gatehouse session seal v1';

/** Makes a ring; it must hold at least one key. */
export function keyRing(keys: readonly RingKey[]): KeyRing {
  const [first] = keys;
  if (!first) throw new RangeError('A key ring holds at least one key.');
  const derived = new Map<string, Buffer>();
  const derive = (id: number, purpose: string): Buffer | undefined => {
    const known = derived.get(`${id} ${purpose}`);
    if (known) return known;
    const key = keys.find((each) => each.id === id);
    if (!key) return undefined;
    const made = Buffer.from(hkdfSync('sha256', key.secret, Buffer.alloc(0), purpose, 32));
    derived.set(`${id} ${purpose}`, made);
    return made;
  };
  return {
    currentId: first.id,
    ids: keys.map(({ id }) => id),
    derive,
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const key = derive(first.id, SEALING);
      if (!key) throw new Error('The first key of the ring is gone.');
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([Buffer.of(first.id), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      const key = derive(sealed[0] ?? 0, SEALING);
      if (!key) throw new Error(`The key ring has no key ${sealed[0]}.`);
      if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new RangeError('A sealed value is cut short.');
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    },
  };
}
