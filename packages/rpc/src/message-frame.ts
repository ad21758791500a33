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
