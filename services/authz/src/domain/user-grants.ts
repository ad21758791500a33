import { createHash } from 'node:crypto';
import { UUID_BYTES, uuidBytes, uuidText } from './uuid-bytes.ts';

/** A user's grants as a check needs them. A user who has none is one with no roles. */
export interface UserGrants {
  readonly roleIds: readonly string[];
  /**
   * Revision of the model when the grants were read. They are never judged by an older model, which might not know
   * the roles that they name.
   */
  readonly modelRevision: bigint;
}

/** Version of the form in which grants are kept in Redis. */
const FORMAT = 1;
const HEADER_BYTES = 9;

/** A byte for the format, eight for the revision of the model, then sixteen for each role. */
export function encodeGrants({ roleIds, modelRevision }: UserGrants): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FORMAT);
  header.writeBigUInt64BE(modelRevision, 1);
  return Buffer.concat([header, ...roleIds.map(uuidBytes)]);
}

/** Throws when the bytes are not of this format, which only another version of the service can have written. */
export function decodeGrants(bytes: Buffer): UserGrants {
  const rolesBytes = bytes.length - HEADER_BYTES;
  if (bytes[0] !== FORMAT || rolesBytes < 0 || rolesBytes % UUID_BYTES !== 0) {
    throw new Error('The grants in Redis are of an unknown format.');
  }
  const count = rolesBytes / UUID_BYTES;
  return {
    modelRevision: bytes.readBigUInt64BE(1),
    roleIds: Array.from({ length: count }, (_, index) => uuidText(bytes, HEADER_BYTES + index * UUID_BYTES)),
  };
}

/** The first 12 bits of the SHA-256 of a user id, which keep what belongs to a user in one slot of a Redis Cluster. */
export function slotTag(userId: string): string {
  return createHash('sha256').update(userId).digest('hex').slice(0, 3);
}
