/** Bytes of a UUID. */
export const UUID_BYTES = 16;

/** The 16 bytes of a UUID in its canonical form. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** Two hexadecimal digits for each byte: the first in the lower half of the number, the second in the upper. */
const DIGITS = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16LE(),
);
/** Where the digits of each byte stand in the text. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const text = Buffer.from('00000000-0000-0000-0000-000000000000');

/**
 * The canonical form of the UUID whose bytes begin at `at`. Written digit by digit, because a text that is put together from
 * parts has to be flattened before a map can look it up, which costs more than all of this.
 */
export function uuidText(bytes: Uint8Array, at: number): string {
  for (let index = 0; index < UUID_BYTES; index += 1) {
    const digits = DIGITS[bytes[at + index] ?? 0] ?? 0;
    const place = PLACES[index] ?? 0;
    text[place] = digits & 0xff;
    text[place + 1] = digits >> 8;
  }
  return text.toString('latin1');
}
