import { type Clock, Counter, type Logger, type Registry } from '@gatehouse/process';
import { defineScript, type RedisStore } from '@gatehouse/redis';
import { SHARDS, shardKey, shardOf } from '../domain/presence-shard.ts';
import { uuidBytes, uuidText } from '../domain/uuid-bytes.ts';

/**
 * Who is online: kept in Redis alone, in shards that are small enough for its compact encoding of sorted sets (up to 128
 * entries; a shard holds a 65,536th of the users who are online).
 */
export interface Presence {
  /**
   * Notes when users were active, and says whether Redis took all of it. Never rejects: what is not taken is counted, and
   * made up for by the next use.
   */
  note(uses: readonly UserUse[]): Promise<boolean>;
  /** Takes users offline whose sessions have all ended. As `note`. */
  forget(userIds: readonly string[]): Promise<boolean>;
  /** When each of the users was last active; undefined for those who are not online. Rejects as Redis does. */
  find(userIds: readonly string[]): Promise<(Date | undefined)[]>;
  /**
   * Users who are online: those of whole shards, from `shard` on, until there are `atLeast` of them or
   * SHARDS_IN_PAGE_MAX shards have been read. `next` is the shard that follows; undefined after the last one.
   */
  list(
    shard: number,
    atLeast: number,
  ): Promise<{ readonly users: readonly OnlineUser[]; readonly next: number | undefined }>;
}

export interface UserUse {
  readonly userId: string;
  readonly atMs: number;
}

export interface OnlineUser {
  readonly userId: string;
  readonly lastActiveAt: Date;
}

export interface PresenceOptions {
  readonly redis: RedisStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** For how long after a use a user is online. Milliseconds. */
  readonly windowMs: number;
}

/** Most shards that are written at once. */
const WRITES_AT_ONCE = 256;
/** Most shards that are read for one page. */
export const SHARDS_IN_PAGE_MAX = 1_024;
/** Shards are read in rounds that grow, so that little is read in vain where many are online. */
const FIRST_ROUND = 16;
const ROUND_MAX = 256;

/** Opens it. */
export function openPresence({ redis, clock, logger, registry, windowMs }: PresenceOptions): Presence {
  const write = defineScript<number>(
    redis,
    'gatehouseNotePresence',
    new URL('./scripts/note-presence.lua', import.meta.url),
  );
  const unwritten = new Counter({
    name: 'session_presence_unwritten_total',
    help: 'Times that a user could not be noted as active or gone in Redis.',
    registers: [registry],
  });
  const nowMs = () => clock.now().getTime();
  /** The oldest second in which a user may have been active to be online. */
  const oldest = () => Math.ceil((nowMs() - windowMs) / 1000);

  /** Writes to one shard; says whether Redis took it. */
  const writeShard = async (shard: number, members: readonly UserUse[]): Promise<boolean> => {
    const entries = members.flatMap(({ userId, atMs }) => [atMs, uuidBytes(userId)]);
    try {
      await write([shardKey(shard)], [nowMs(), windowMs, ...entries]);
      return true;
    } catch (error) {
      unwritten.inc(members.length);
      logger.debug({ err: error }, 'presence not noted');
      return false;
    }
  };
  /** Writes for each user a time, or minus a time, as the script takes it. */
  const writeAll = async (users: readonly UserUse[]): Promise<boolean> => {
    const shards = [...Map.groupBy(users, ({ userId }) => shardOf(userId))];
    for (let start = 0; start < shards.length; start += WRITES_AT_ONCE) {
      const round = shards.slice(start, start + WRITES_AT_ONCE).map(([shard, members]) => writeShard(shard, members));
      if ((await Promise.all(round)).every(Boolean)) continue;
      // A Redis that hangs would take its timeout for every further round, and hold up what comes after this.
      for (const [, members] of shards.slice(start + WRITES_AT_ONCE)) unwritten.inc(members.length);
      return false;
    }
    return true;
  };

  /** The users of each shard, asked for at once. */
  const readShards = (first: number, count: number): Promise<OnlineUser[][]> => {
    const min = oldest();
    const reads = Array.from({ length: count }, async (_, i) =>
      toUsers(await redis.client.zrangebyscoreBuffer(shardKey(first + i), min, '+inf', 'WITHSCORES')),
    );
    return Promise.all(reads);
  };

  return {
    note: writeAll,
    forget: (userIds) => writeAll(userIds.map((userId) => ({ userId, atMs: -nowMs() }))),
    async find(userIds) {
      const min = oldest();
      // Sent together, as a pipeline would; a pipeline can't go to several nodes of a cluster.
      const scores = userIds.map((userId) => redis.client.zscore(shardKey(shardOf(userId)), uuidBytes(userId)));
      return (await Promise.all(scores)).map((score) =>
        score !== null && Number(score) >= min ? new Date(Number(score) * 1000) : undefined,
      );
    },
    async list(shard, atLeast) {
      const users: OnlineUser[] = [];
      const end = Math.min(shard + SHARDS_IN_PAGE_MAX, SHARDS);
      let next = shard;
      for (let size = FIRST_ROUND; next < end; size = Math.min(size * 2, ROUND_MAX)) {
        for (const found of await readShards(next, Math.min(size, end - next))) {
          users.push(...found);
          next += 1;
          if (users.length >= atLeast) return { users, next: next < SHARDS ? next : undefined };
        }
      }
      return { users, next: next < SHARDS ? next : undefined };
    },
  };
}

/** Members and scores in turns. */
function toUsers(reply: readonly Buffer[]): OnlineUser[] {
  const users: OnlineUser[] = [];
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const [member, score] = [reply[i], reply[i + 1]];
    if (member && score) users.push({ userId: uuidText(member, 0), lastActiveAt: new Date(Number(score) * 1000) });
  }
  return users;
}
