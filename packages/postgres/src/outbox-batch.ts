import { Failure, type FailureKind, isFailure } from '@gatehouse/failure';
import { backoffMs } from '@gatehouse/process';
import { untilAborted } from './abort.ts';
import type { Database } from './database.ts';
import type { OutboxMessage } from './outbox.ts';
import { perSchema } from './per-schema.ts';
import { statement } from './statement.ts';

/** Hands messages on. Resolves only when all of them are safe; rejects with Failure when they are not. */
export type Deliver = (messages: readonly OutboxMessage[], signal: AbortSignal) => Promise<void>;

/** How delivering one batch ended. */
export type BatchOutcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'delivered'; readonly ids: readonly string[]; readonly oldestAgeSeconds: number }
  /** Something in the batch may be what the receiver does not take, so each must be tried by itself. */
  | { readonly kind: 'suspect'; readonly count: number }
  /** The receiver will never take this one message, and it is marked. */
  | { readonly kind: 'refused'; readonly id: string; readonly failure: Failure }
  /** This one message failed by itself, and nobody knows whether it ever will not. Others go before it for a while. */
  | { readonly kind: 'set-aside'; readonly id: string; readonly error: unknown; readonly oldestAgeSeconds: number }
  /** The receiver takes nothing at present. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly oldestAgeSeconds?: number };

/** What one batch is delivered with. */
export interface BatchOptions {
  readonly schema: string;
  readonly deliver: Deliver;
  /** The most messages in it. */
  readonly size: number;
  /** What the delivery may take. */
  readonly timeoutMs: number;
  /** Messages that were set aside, and how often. They are tried when there is nothing else, each by itself. */
  readonly setAside: ReadonlyMap<string, number>;
}

/** What says that the receiver is away or busy, and nothing about a message. */
const AWAY: readonly FailureKind[] = ['unavailable', 'deadline', 'cancelled', 'limited', 'conflict', 'unauthenticated'];
/** For how long a message is set aside: longer each time. */
const SET_ASIDE = { firstMs: 1_000, maxMs: 60_000 };
/** For how much longer than a delivery may take no other relay is given its messages. Milliseconds. */
const HOLD_MARGIN_MS = 1_000;

/** Below the four mebibytes that a gRPC message may have. */
const BATCH_BYTES_MAX = 1024 * 1024;
const REASON_LENGTH_MAX = 500;

/**
 * Holds the oldest messages of an outbox for as long as a delivery may take, delivers them, and deletes them. No lock and no
 * transaction lasts while it talks to the receiver: a relay that stops in that moment keeps its messages from the others
 * only until their time is over. Rejects when Postgres fails; what was delivered may then be delivered again.
 */
export async function deliverBatch(db: Database, o: BatchOptions): Promise<BatchOutcome> {
  const statements = statementsFor(o.schema);
  const held = await db.query(statements.hold, [o.size, o.timeoutMs + HOLD_MARGIN_MS]);
  const messages = fitting(
    held.sort((a, b) => (a.id < b.id ? -1 : 1)),
    o.setAside,
  );
  const [oldest] = messages;
  if (!oldest) return { kind: 'empty' };
  const ids = messages.map(({ id }) => id);
  const others = held.map(({ id }) => id).filter((id) => !ids.includes(id));
  if (others.length > 0) await db.query(statements.letGo, [others]);
  const error = await failureOf(o, messages);
  const oldestAgeSeconds = oldest.ageSeconds;
  if (error === undefined) {
    await db.query(statements.remove, [ids]);
    return { kind: 'delivered', ids, oldestAgeSeconds };
  }
  if (isFailure(error) && AWAY.includes(error.kind)) {
    await db.query(statements.countAttempt, [ids, 0]);
    return { kind: 'failed', error, oldestAgeSeconds };
  }
  if (ids.length > 1) {
    await db.query(statements.letGo, [ids]);
    return { kind: 'suspect', count: ids.length };
  }
  if (isRefusal(error)) {
    await db.query(statements.refuse, [oldest.id, `${error.reason}: ${error.message}`.slice(0, REASON_LENGTH_MAX)]);
    return { kind: 'refused', id: oldest.id, failure: error };
  }
  await db.query(statements.countAttempt, [ids, backoffMs((o.setAside.get(oldest.id) ?? 0) + 1, SET_ASIDE)]);
  return { kind: 'set-aside', id: oldest.id, error, oldestAgeSeconds };
}

/** Whether messages wait for delivery, those that a relay holds included. */
export async function hasPending(db: Database, schema: string): Promise<boolean> {
  return (await db.query(statementsFor(schema).findPending)).length > 0;
}

interface HeldMessage extends OutboxMessage {
  readonly ageSeconds: number;
}

// Statements that end with themselves: the rows are locked for no longer than one of them runs.
const statementsFor = perSchema((schema) => ({
  hold: statement<HeldMessage>(
    `${schema}.hold-outbox`,
    `with free as materialized (
       select id from ${schema}.outbox
       where refused_at is null and (held_until is null or held_until <= now())
       order by id limit $1::integer for update skip locked
     )
     update ${schema}.outbox o set held_until = now() + $2::double precision * interval '1 millisecond'
     from free where o.id = free.id
     returning o.id, o.payload, extract(epoch from now() - o.created_at)::float8 as "ageSeconds"`,
  ),
  letGo: statement(
    `${schema}.let-go-of-outbox`,
    `update ${schema}.outbox set held_until = null where id = any($1::uuid[])`,
  ),
  // Another relay may deliver what this one held for too long: whoever comes first deletes it.
  remove: statement(
    `${schema}.delete-outbox`,
    `with delivered as materialized (
       select id from ${schema}.outbox where id = any($1::uuid[]) for update skip locked
     )
     delete from ${schema}.outbox o using delivered where o.id = delivered.id`,
  ),
  countAttempt: statement(
    `${schema}.count-outbox-attempt`,
    `update ${schema}.outbox
      set attempts = attempts + 1, held_until = now() + $2::double precision * interval '1 millisecond'
      where id = any($1::uuid[])`,
  ),
  refuse: statement(
    `${schema}.refuse-outbox`,
    `update ${schema}.outbox
      set attempts = attempts + 1, refused_at = now(), refused_reason = $2::text
      where id = $1::uuid`,
  ),
  findPending: statement<{ id: string }>(
    `${schema}.find-pending-outbox`,
    `select id from ${schema}.outbox where refused_at is null limit 1`,
  ),
}));

/** The first ones that fit into one delivery, and at least one; without those that were set aside, or else one of them. */
function fitting(held: readonly HeldMessage[], setAside: BatchOptions['setAside']): readonly HeldMessage[] {
  const messages = setAside.size > 0 ? held.filter(({ id }) => !setAside.has(id)) : held;
  if (messages.length === 0) return held.slice(0, 1);
  let bytes = 0;
  const tooMuch = messages.findIndex(({ payload }, index) => {
    bytes += payload.length;
    return index > 0 && bytes > BATCH_BYTES_MAX;
  });
  return messages.slice(0, tooMuch < 0 ? messages.length : tooMuch);
}

/** A delivery that overlooks its signal is not waited for either. */
async function failureOf({ deliver, timeoutMs }: BatchOptions, messages: readonly HeldMessage[]): Promise<unknown> {
  const giveUp = new AbortController();
  const tooLate = new Failure('deadline', 'DELIVERY_TIMEOUT', `The delivery took longer than ${timeoutMs} ms.`);
  const limit = setTimeout(() => giveUp.abort(tooLate), timeoutMs);
  try {
    const plain = messages.map(({ id, payload }) => ({ id, payload }));
    await untilAborted(deliver(plain, giveUp.signal), giveUp.signal);
    return undefined;
  } catch (error) {
    return error ?? new Error('A delivery failed without a reason.');
  } finally {
    clearTimeout(limit);
  }
}

function isRefusal(error: unknown): error is Failure {
  return isFailure(error) && (error.kind === 'invalid' || error.kind === 'denied');
}
