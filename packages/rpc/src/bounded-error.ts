import type { FieldViolation } from '@gatehouse/failure';
import { BadRequest_FieldViolation } from '@gatehouse/proto/google/rpc/error_details.ts';

/**
 * Most bytes of `grpc-message` and `grpc-status-details-bin` together, as they are sent. An error travels in headers: gRPC
 * in C and in Java reads 8 KiB of them by default, and headers of more than 64 KiB end the connection with all its calls.
 */
export const ERROR_BYTES_MAX = 4 * 1024;
/** Most bytes of the sentence as it is sent, percent-encoded. */
const MESSAGE_BYTES_MAX = 1024;
/** Most bytes of the details before base64 makes four of each three. */
export const DETAILS_BYTES_MAX = ((ERROR_BYTES_MAX - MESSAGE_BYTES_MAX) * 3) / 4;
/** Most bytes of the facts that an error carries beside its reason. */
const METADATA_BYTES_MAX = 512;
/** Most bytes of a path, and of what is wrong there. */
const VIOLATION_TEXT_BYTES_MAX = 512;
/** Before each text: its tag and its length. */
const TEXT_OVERHEAD_BYTES = 3;
const ELLIPSIS = '…';

/** The sentence, cut where it is longer than there is room for. */
export function boundedMessage(message: string): string {
  return cut(message.toWellFormed(), MESSAGE_BYTES_MAX, (text) => encodeURI(text).length);
}

/** Those of the facts that there is room for, each of them whole: a caller branches on them. */
export function boundedMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  let left = METADATA_BYTES_MAX;
  return Object.fromEntries(
    Object.entries(metadata).filter(([key, value]) => {
      const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + 3 * TEXT_OVERHEAD_BYTES;
      if (bytes > left) return false;
      left -= bytes;
      return true;
    }),
  );
}

/** The first of the violations, as many as there is room for in so many bytes of a message of details. */
export function boundedViolations(fields: readonly FieldViolation[], bytesMax: number): BadRequest_FieldViolation[] {
  const fitting: BadRequest_FieldViolation[] = [];
  let left = bytesMax;
  for (const { field, description, reason } of fields) {
    const violation = {
      field: cutText(field),
      description: cutText(reason === undefined ? description : `${reason}: ${description}`),
    };
    left -= BadRequest_FieldViolation.encode(violation).finish().length + TEXT_OVERHEAD_BYTES;
    if (left < 0) break;
    fitting.push(violation);
  }
  return fitting;
}

function cutText(text: string): string {
  return cut(text.toWellFormed(), VIOLATION_TEXT_BYTES_MAX, Buffer.byteLength);
}

/** No UTF-16 unit is sent as more bytes, percent-encoded or not. */
const UNIT_BYTES_MAX = 9;

function cut(text: string, bytesMax: number, bytesOf: (text: string) => number): string {
  if (text.length * UNIT_BYTES_MAX <= bytesMax || bytesOf(text) <= bytesMax) return text;
  let kept = '';
  let left = bytesMax - bytesOf(ELLIPSIS);
  for (const character of text) {
    left -= bytesOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + ELLIPSIS;
}
