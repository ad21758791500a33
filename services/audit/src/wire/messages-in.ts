import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** The encoded messages in a repeated or map field of an encoded message. */
export function messagesIn(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const messages: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === WireType.LengthDelimited) messages.push(reader.bytes());
    else reader.skip(type, field);
  }
  return messages;
}
