import { type Grant, storedCondition } from '@gatehouse/client/policy';
import { UUID_BYTES, uuidBytes, uuidText } from '../domain/uuid-bytes.ts';

/** A user's grants as a check needs them. A user who has none is one with no roles. */
export interface UserGrants {
  /** Those that are active and have not ended; some may not have begun. */
  readonly grants: readonly Grant[];
  /**
   * Revision of the model when the grants were read. They are never judged by an older model, which might not know
   * the roles that they name.
   */
  readonly modelRevision: bigint;
}

/** Version of the form in which grants are kept in Redis. */
const FORMAT = 2;
const HEADER_BYTES = 9;
const TIME_BYTES = 8;
const LENGTH_BYTES = 2;
/** Which parts of a grant follow its role. */
const HAS_SCOPE = 1;
const HAS_FROM = 2;
const HAS_UNTIL = 4;
const HAS_CONDITION = 8;

/**
 * A byte for the format and eight for the revision of the model; then for each grant sixteen for the role, a byte of
 * flags, and the parts that they name, in this order: scope, start, end, condition. Texts are UTF-8 behind two bytes of
 * length, times are Unix milliseconds in eight bytes.
 */
export function encodeGrants({ grants, modelRevision }: UserGrants): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FORMAT);
  header.writeBigUInt64BE(modelRevision, 1);
  return Buffer.concat([header, ...grants.flatMap(partsOf)]);
}

/** Throws when the bytes are not of this format, which only another version of the service can have written. */
export function decodeGrants(bytes: Buffer): UserGrants {
  if (bytes[0] !== FORMAT || bytes.length < HEADER_BYTES) throw unknownFormat();
  const grants: Grant[] = [];
  let at = HEADER_BYTES;
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > bytes.length) throw unknownFormat();
    return from;
  };
  const text = (): string => {
    const length = bytes.readUInt16BE(take(LENGTH_BYTES));
    const from = take(length);
    return bytes.toString('utf8', from, at);
  };
  const time = (): number => Number(bytes.readBigInt64BE(take(TIME_BYTES)));
  while (at < bytes.length) {
    const roleId = uuidText(bytes, take(UUID_BYTES));
    const flags = bytes.readUInt8(take(1));
    grants.push({
      roleId,
      scope: flags & HAS_SCOPE ? text() : '',
      validFromMs: flags & HAS_FROM ? time() : Number.NEGATIVE_INFINITY,
      validUntilMs: flags & HAS_UNTIL ? time() : Number.POSITIVE_INFINITY,
      condition: flags & HAS_CONDITION ? storedCondition(text()) : undefined,
    });
  }
  return { modelRevision: bytes.readBigUInt64BE(1), grants };
}

function partsOf({ roleId, scope, validFromMs, validUntilMs, condition }: Grant): Buffer[] {
  const hasFrom = Number.isFinite(validFromMs);
  const hasUntil = Number.isFinite(validUntilMs);
  const flags =
    (scope === '' ? 0 : HAS_SCOPE) |
    (hasFrom ? HAS_FROM : 0) |
    (hasUntil ? HAS_UNTIL : 0) |
    (condition ? HAS_CONDITION : 0);
  return [
    uuidBytes(roleId),
    Buffer.of(flags),
    ...(scope === '' ? [] : textBytes(scope)),
    ...(hasFrom ? [timeBytes(validFromMs)] : []),
    ...(hasUntil ? [timeBytes(validUntilMs)] : []),
    ...(condition ? textBytes(condition.source) : []),
  ];
}

function textBytes(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(bytes.length);
  return [length, bytes];
}

function timeBytes(ms: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeBigInt64BE(BigInt(ms));
  return bytes;
}

function unknownFormat(): Error {
  return new Error('The grants in Redis are of an unknown format.');
}
