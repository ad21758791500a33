import { createHash } from 'node:crypto';

/** In how many shards the users who are online are kept: 16 bits of a hash of the user's id. */
export const SHARDS = 0x1_0000;
const SHARD_DIGITS = 4;
const TAG_DIGITS = 3;

/** The shard of a user: the first 16 bits of the SHA-256 of the id, of which the first 12 are the user's tag. */
export function shardOf(userId: string): number {
  return Number.parseInt(createHash('sha256').update(userId).digest('hex').slice(0, SHARD_DIGITS), 16);
}

/** `go:{tag}:digit`: in a Redis Cluster a shard lies with the sessions of its users. */
export function shardKey(shard: number): string {
  const digits = shard.toString(16).padStart(SHARD_DIGITS, '0');
  return `go:{${digits.slice(0, TAG_DIGITS)}}:${digits.slice(TAG_DIGITS)}`;
}
