/** Bytes before each message on the wire: a flag for compression, and the length (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/** A message as it is sent: uncompressed, behind its length. */
export function toFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** The one message of an answer. Throws when the bytes are anything but one whole uncompressed message. */
export function fromFrame(frame: Buffer): Buffer {
  const whole = frame.length >= PREFIX_BYTES && frame[0] === 0 && frame.readUInt32BE(1) === frame.length - PREFIX_BYTES;
  if (!whole) throw new Error(`The answer of ${frame.length} bytes is not one uncompressed message.`);
  return frame.subarray(PREFIX_BYTES);
}
