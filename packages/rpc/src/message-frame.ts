/** Before each message: whether it is compressed, and its length as four bytes. */
export const PREFIX_BYTES = 5;

/** A message as it is sent, not compressed. */
export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, PREFIX_BYTES);
  return framed;
}

/** Gathers the one message of a request from the pieces in which it comes. */
export class MessageReader {
  /** Bytes that have come, the prefix among them. */
  bytes = 0;
  /** Bytes of the message by its prefix; undefined until that has come. */
  messageBytes: number | undefined;
  private pieces: Buffer[] = [];

  add(piece: Buffer): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
    if (this.bytes >= PREFIX_BYTES) this.messageBytes ??= whole(this.pieces).readUInt32BE(1);
  }

  /** Bytes that have come beyond the message, or negative as many as are missing. */
  get surplus(): number {
    return this.messageBytes === undefined ? -1 : this.bytes - PREFIX_BYTES - this.messageBytes;
  }

  /** Hands the message out with its prefix, and keeps nothing. */
  take(): Buffer {
    const framed = whole(this.pieces);
    this.pieces = [];
    return framed;
  }
}

/** Most requests come in one piece. */
function whole(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first ? first : Buffer.concat(pieces);
}

/** How much has come of the message that is under way in a stream of them. */
export class MessageProgress {
  /** Bytes of it, its prefix among them; none between two messages. */
  bytes = 0;
  private prefixBytes = 0;
  private missing = 0;

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      let taken = 1;
      if (this.prefixBytes < PREFIX_BYTES) {
        // The first byte of the prefix says whether the message is compressed, the others how long it is.
        if (this.prefixBytes > 0) this.missing = this.missing * 0x100 + (chunk[at] ?? 0);
        this.prefixBytes += 1;
      } else {
        taken = Math.min(this.missing, chunk.length - at);
        this.missing -= taken;
      }
      at += taken;
      this.bytes += taken;
      if (this.prefixBytes === PREFIX_BYTES && this.missing === 0) this.bytes = this.prefixBytes = 0;
    }
  }
}
