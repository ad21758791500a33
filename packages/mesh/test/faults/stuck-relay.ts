import { startInvalidationRelay } from '@gatehouse/mesh';
import { openDatabase, startOutboxRelay } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';

/** A process whose relay never gets further than to talk to another system. It says so to the test, which then stops it. */
const [, , kind, url = '', timeoutMs] = process.argv;
const db = openDatabase({ url, applicationName: 'stuck-relay', logger: silentLogger });
const [logger, registry] = [silentLogger, createRegistry('session')];
const talk = () => {
  process.send?.('talking');
  return new Promise<never>(() => {});
};

if (kind === 'outbox') {
  startOutboxRelay({ db, schema: 'session', deliver: talk, deliveryTimeoutMs: Number(timeoutMs), logger, registry });
} else {
  startInvalidationRelay({
    db,
    schema: 'session',
    cache: { invalidate: talk, distrustL2: () => {}, trustL2: () => {}, l2Trusted: true },
    redis: { usable: true, onOutage: () => {}, onRecovery: () => {} },
    bus: { boundMs: 1_000, onLoss: () => {} },
    timeline: { current: 1n, confirm: async () => {} },
    logger,
    registry,
  });
}
