import { isUtf8 } from 'node:buffer';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { RpcDefinition } from './handler.ts';

/**
 * What stands in a request for a text whose bytes are not UTF-8 (proto3: "A string must always contain UTF-8"). No bytes give
 * it otherwise, since it is half of a character: what is not UTF-8 equals nothing that is, and the limits of fields refuse
 * it, but for credentials, which it makes no good one of.
 */
const NOT_UTF8 = '\ud800';
const REPLACEMENT = '\ufffd';

// U+FEFF at the beginning is a part of the text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads requests. Texts that are ASCII do not get to `textOf`. */
export function requestDecoder({ requestDeserialize }: RpcDefinition): (bytes: Buffer) => unknown {
  // The generated code goes on with a reader that it is given, and makes one of bytes.
  const read = requestDeserialize as unknown as (reader: BinaryReader) => unknown;
  return (bytes) => read(new BinaryReader(bytes, textOf));
}

function textOf(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? NOT_UTF8 : text;
}
