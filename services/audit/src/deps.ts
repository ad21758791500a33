import { openWrites, type Runtime, type Writes } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import type { Acting } from '@gatehouse/rpc';
import type { Config } from './config.ts';
import { type Events, openEvents } from './events.ts';
import { startMakingPartitions } from './jobs/make-partitions.ts';
import { authzPeer } from './peers/authz.ts';
import { sessionPeer } from './peers/session.ts';

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly writes: Writes;
  readonly clock: Clock;
  readonly events: Events;
  readonly acting: Acting;
}

/** Opens everything; the runtime's stop stack closes it. */
export function openDeps(config: Config, runtime: Runtime): Deps {
  const { db, clock, logger, registry, stops } = runtime;
  const partitions = startMakingPartitions({ db, clock, logger });
  stops.add('partitions', () => partitions.stop());
  const secretKeys = config.GATEHOUSE_AUDIT_SECRET_KEYS;
  const writes = openWrites({ db, schema: 'audit', secretKeys, logger, registry });
  stops.add('writes', () => writes.stop());
  return {
    db,
    writes,
    clock,
    events: openEvents(registry),
    acting: {
      authenticate: sessionPeer(runtime, config.GATEHOUSE_SESSION_ADDRESS),
      permits: authzPeer(runtime, config.GATEHOUSE_AUTHZ_ADDRESS),
    },
  };
}
