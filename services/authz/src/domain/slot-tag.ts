import { createHash } from 'node:crypto';

/** The first 12 bits of the SHA-256 of a user id, which keep what belongs to a user in one slot of a Redis Cluster. */
export function slotTag(userId: string): string {
  return createHash('sha256').update(userId).digest('hex').slice(0, 3);
}
