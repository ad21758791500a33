import { openWrites, type Runtime, type Writes } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import type { Config } from './config.ts';
import { type Events, openEvents } from './events.ts';
import { type SessionPeer, sessionPeer } from './peers/session.ts';
import { openPasswordHasher, type PasswordHasher } from './store/password-hasher.ts';

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly writes: Writes;
  readonly clock: Clock;
  readonly events: Events;
  readonly hasher: PasswordHasher;
  readonly session: SessionPeer;
}

/** Opens everything; whatever must be closed is on the runtime's stop stack. */
export async function openDeps(config: Config, runtime: Runtime): Promise<Deps> {
  const { db, clock, logger, registry, stops } = runtime;
  const secretKeys = config.GATEHOUSE_IDENTITY_SECRET_KEYS;
  const writes = openWrites({ db, schema: 'identity', secretKeys, logger, registry });
  stops.add('writes', () => writes.stop());
  const trail = runtime.trail(config.GATEHOUSE_AUDIT_ADDRESS, config.GATEHOUSE_AUDIT_DECISIONS);
  return {
    db,
    writes,
    clock,
    events: openEvents(trail, registry),
    hasher: await openPasswordHasher({
      concurrency: config.GATEHOUSE_IDENTITY_HASH_CONCURRENCY,
      waitingMax: config.GATEHOUSE_IDENTITY_HASH_QUEUE,
      registry,
    }),
    session: sessionPeer(runtime, config.GATEHOUSE_SESSION_ADDRESS),
  };
}
