/** One value of DER (ITU-T X.690): its tag, and what it holds. */
export interface DerValue {
  /** The identifier octet: class, form and number. Numbers above 30 are none of certificates. */
  readonly tag: number;
  readonly content: Uint8Array;
}

const LENGTH_BYTES_MAX = 4;

/** The one value that the bytes are. Throws where they are none, or more. */
export function derValue(bytes: Uint8Array): DerValue {
  const [value, ...more] = derChildren(bytes);
  if (value === undefined || more.length > 0) throw new Error('The bytes are not one value of DER.');
  return value;
}

/** The values that follow one another in the bytes. Throws where something is left over, or missing. */
export function derChildren(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = byteAt(bytes, at);
    if ((tag & 0x1f) === 0x1f) throw new Error('A tag of more than one byte.');
    const first = byteAt(bytes, at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > LENGTH_BYTES_MAX) throw new Error('A length that DER has not.');
    let length = first < 0x80 ? first : 0;
    for (let i = 0; i < lengthBytes; i += 1) length = length * 0x100 + byteAt(bytes, at + 2 + i);
    const begin = at + 2 + lengthBytes;
    if (begin + length > bytes.length) throw new Error('A value that is cut short.');
    values.push({ tag, content: bytes.subarray(begin, begin + length) });
    at = begin + length;
  }
  return values;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('A value that is cut short.');
  return byte;
}
