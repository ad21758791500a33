import type { IncomingHttpHeaders } from 'node:http2';
import { Failure, type FieldViolation } from '@gatehouse/failure';
import { timeoutMs } from './grpc-timeout.ts';
import { fieldsInvalid } from './interceptors/limits.ts';

/** Most bytes of the headers of a call, counted as HTTP/2 does. */
export const METADATA_BYTES_MAX = 16 * 1024;
/** What each header counts besides its name and its value (RFC 9113, section 6.5.2). */
const HEADER_OVERHEAD_BYTES = 32;

/** What a value may be (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), and one whose name ends with -bin. */
const ASCII = /^[ -~]*$/;
const BINARY = '-bin';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/**
 * Throws Failure `limited` METADATA_TOO_LARGE where the headers of a call are more than it may have, and `invalid`
 * FIELD_INVALID with their names where some are not what they must be: what is left out could be what the call depends on.
 */
export function checkMetadata(headers: IncomingHttpHeaders): void {
  let bytes = 0;
  let isWrong = false;
  for (const name in headers) {
    const value = headers[name];
    bytes += name.length + HEADER_OVERHEAD_BYTES;
    if (typeof value !== 'string') {
      for (const each of value ?? []) bytes += each.length + HEADER_OVERHEAD_BYTES;
      isWrong = true;
      continue;
    }
    bytes += value.length;
    isWrong ||= !ASCII.test(value) || name.endsWith(BINARY);
  }
  if (bytes > METADATA_BYTES_MAX) throw tooLarge(bytes);
  const timeout = headers['grpc-timeout'];
  if (isWrong || (timeout !== undefined && timeoutOf(timeout) === undefined)) refuseWrong(headers);
}

/** Throws where some of the headers are wrong indeed. */
function refuseWrong(headers: IncomingHttpHeaders): void {
  const violations: FieldViolation[] = Object.entries(headers).flatMap(([field, value]) => {
    const description = problemOf(field, value);
    return description === undefined ? [] : [{ field, description }];
  });
  if (violations.length > 0) throw fieldsInvalid(violations);
}

function problemOf(name: string, value: string | string[] | undefined): string | undefined {
  const values = typeof value === 'string' ? [value] : (value ?? []);
  if (!values.every((each) => ASCII.test(each))) return 'must hold nothing but visible ASCII and spaces';
  if (name === 'grpc-timeout' && timeoutOf(value) === undefined) return 'must be up to eight digits and a unit';
  // Several values of one name are joined by commas.
  const isBinary =
    name.endsWith(BINARY) && !values.every((each) => each.split(',').every((one) => BASE64.test(one.trim())));
  return isBinary ? 'must be base64' : undefined;
}

function timeoutOf(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' ? timeoutMs(value) : undefined;
}

function tooLarge(bytes: number): Failure {
  const sentence = `The metadata has ${bytes} bytes, and may have ${METADATA_BYTES_MAX}.`;
  return new Failure('limited', 'METADATA_TOO_LARGE', sentence);
}
