import { silentLogger, uuidv7 } from '@gatehouse/process';
import { afterEach, beforeEach } from 'vitest';
import {
  appendOutbox,
  type Database,
  type Deliver,
  type OutboxRelay,
  type OutboxRelayOptions,
  startOutboxRelay,
  statement,
} from '../src/index.ts';
import { useScratch } from './use-scratch.ts';

/** A schema with an outbox, empty before each test. */
export interface UsedOutbox {
  readonly url: string;
  readonly db: Database;
  /** Puts messages into the outbox, in one transaction, and returns their texts. */
  append(...texts: string[]): Promise<string[]>;
  /** What is in the outbox, in order. */
  left(): Promise<{ text: string; attempts: number; refused_reason: string | null }[]>;
  /** Starts a relay, which stops after the test. */
  relay(deliver: Deliver, options?: Partial<OutboxRelayOptions>): OutboxRelay;
}

const findLeft = statement<{ text: string; attempts: number; refused_reason: string | null }>(
  'test.left',
  `select convert_from(payload, 'utf8') as text, attempts, refused_reason from demo.outbox order by id`,
);

/** Makes the schema `demo` with its outbox before the tests of the file. */
export function useOutbox(): UsedOutbox {
  const used = useScratch({
    maxConnections: 6,
    setUp: [
      'create schema demo',
      `create table demo.outbox (
        id uuid primary key, payload bytea not null, created_at timestamptz not null default now(),
        attempts integer not null default 0, refused_at timestamptz, refused_reason text,
        held_until timestamptz)`,
      'create index outbox_pending on demo.outbox (id) where refused_at is null',
    ],
  });
  const relays: OutboxRelay[] = [];
  beforeEach(async () => {
    await used.db.query(statement('test.clear', 'delete from demo.outbox'));
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  });
  return {
    get url() {
      return used.url;
    },
    get db() {
      return used.db;
    },
    append: async (...texts) => {
      await used.db.transaction(async (tx) => {
        for (const text of texts) appendOutbox(tx, 'demo', { id: uuidv7(), payload: Buffer.from(text) });
      });
      return texts;
    },
    left: () => used.db.query(findLeft),
    relay: (deliver, options = {}) => {
      const started = startOutboxRelay({ db: used.db, schema: 'demo', deliver, logger: silentLogger, ...options });
      relays.push(started);
      return started;
    },
  };
}

/** The texts of messages. */
export function textsOf(messages: Parameters<Deliver>[0]): string[] {
  return messages.map(({ payload }) => payload.toString());
}
