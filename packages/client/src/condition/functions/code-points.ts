/** Texts are UTF-16 without lone surrogates; conditions count code points. */
const SURROGATE = /[\ud800-\udfff]/;

export function codePoints(text: string): number {
  return SURROGATE.test(text) ? codePointsWithin(text, 0, text.length) : text.length;
}

/** How many code points begin before the place in UTF-16. */
export function codePointsBefore(text: string, at: number): number {
  return codePointsWithin(text, 0, at);
}

/** Where the code point with this number begins in UTF-16: the end of the text after its last one, undefined beyond. */
export function placeOf(text: string, number: bigint): number | undefined {
  if (number < 0n || number > BigInt(text.length)) return undefined;
  let left = Number(number);
  if (!SURROGATE.test(text)) return left;
  let at = 0;
  while (left > 0 && at < text.length) {
    at += widthAt(text, at);
    left -= 1;
  }
  return left === 0 ? at : undefined;
}

/** How much of UTF-16 the code point there takes. */
export function widthAt(text: string, at: number): 1 | 2 {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 ? 2 : 1;
}

function codePointsWithin(text: string, from: number, upTo: number): number {
  let count = 0;
  for (let at = from; at < upTo; at += widthAt(text, at)) count += 1;
  return count;
}
