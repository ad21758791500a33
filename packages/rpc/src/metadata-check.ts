import type { IncomingHttpHeaders } from 'node:http2';
import { Failure } from '@gatehouse/failure';

/** Most bytes of the headers of a call, counted as HTTP/2 does. */
export const METADATA_BYTES_MAX = 16 * 1024;
/** What each header counts besides its name and its value (RFC 9113, section 6.5.2). */
const HEADER_OVERHEAD_BYTES = 32;

/** Throws Failure `limited` METADATA_TOO_LARGE where the headers of a call are more than it may have. */
export function checkMetadata(headers: IncomingHttpHeaders): void {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    bytes += name.length + HEADER_OVERHEAD_BYTES + (typeof value === 'string' ? value.length : lengthOf(value));
  }
  if (bytes > METADATA_BYTES_MAX) throw tooLarge(bytes);
}

function lengthOf(values: readonly string[] = []): number {
  return values.reduce((sum, each) => sum + each.length + HEADER_OVERHEAD_BYTES, 0);
}

function tooLarge(bytes: number): Failure {
  const sentence = `The metadata has ${bytes} bytes, and may have ${METADATA_BYTES_MAX}.`;
  return new Failure('limited', 'METADATA_TOO_LARGE', sentence);
}
