export { authenticateWith, permitsWith } from './acting.ts';
export type { AuditEvent, EventOrigin, EventSource } from './audit-event.ts';
export { type Invalidation, type InvalidationRelay, startInvalidationRelay } from './invalidation-relay.ts';
export { ownSource } from './own-source.ts';
export { openRuntime, type RunningService, type Runtime, type RuntimeConfig } from './runtime.ts';
export { type Sweep, type SweepOptions, startSweep } from './sweep.ts';
export { type DecisionLevel, openTrail, type Trail } from './trail.ts';
export { type WatchPlaces, watchPlaces } from './watch-places.ts';
export { type WatchQueue, watchQueue } from './watch-queue.ts';
