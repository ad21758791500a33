export { type BullConnection, bullConnection } from './bull-connection.ts';
export { defineScript, type RunScript } from './define-script.ts';
export {
  HEARTBEATS_IN_BOUND_MIN,
  type InvalidationBus,
  type InvalidationBusOptions,
  startBus,
} from './invalidation-bus.ts';
export type {
  Freshness,
  Loaded,
  Lookup,
  LookupOptions,
  ReadThrough,
  ReadThroughOptions,
  ReservedPlace,
} from './lookup.ts';
export type { Change } from './message.ts';
export { openRedis, type RedisStore, type RedisStoreOptions } from './open-redis.ts';
export { readThrough } from './read-through.ts';
export { REDIS_UNAVAILABLE, type RedisCondition, redisCondition } from './redis-failure.ts';
