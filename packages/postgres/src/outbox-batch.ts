import { Failure, isFailure } from '@gatehouse/failure';
import { untilAborted } from './abort.ts';
import type { Database } from './database.ts';
import type { OutboxMessage } from './outbox.ts';
import { perSchema } from './per-schema.ts';
import type { Transaction } from './queryable.ts';
import { type Statement, statement } from './statement.ts';

/** Hands messages on. Resolves only when all of them are safe; rejects with Failure when they are not. */
export type Deliver = (messages: readonly OutboxMessage[], signal: AbortSignal) => Promise<void>;

/** How delivering one batch ended. */
export type BatchOutcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'delivered'; readonly count: number; readonly oldestAgeSeconds: number }
  /** The receiver will never take a batch of these, so each must be tried by itself. */
  | { readonly kind: 'suspect'; readonly count: number }
  /** The receiver will never take this one message, and it is marked. */
  | { readonly kind: 'refused'; readonly id: string; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly error: unknown; readonly oldestAgeSeconds?: number };

/** What one batch is delivered with. */
export interface BatchOptions {
  readonly schema: string;
  readonly deliver: Deliver;
  /** The most messages in it. */
  readonly size: number;
  /** What the delivery may take: less than the minute for which Postgres lets a transaction idle. */
  readonly timeoutMs: number;
}

/** Below the four mebibytes that a gRPC message may have. */
const BATCH_BYTES_MAX = 1024 * 1024;
const REASON_LENGTH_MAX = 500;

/**
 * Delivers the oldest messages of an outbox and deletes them in the transaction that locks them: while it lasts no other
 * relay sees them. Rejects when Postgres fails; what was delivered may then be delivered again.
 */
export async function deliverBatch(db: Database, o: BatchOptions): Promise<BatchOutcome> {
  const statements = statementsFor(o.schema);
  return await db.transaction(async (tx) => {
    const messages = fitting(await tx.query(statements.lock, [o.size]));
    const [oldest] = messages;
    if (!oldest) return { kind: 'empty' };
    const ids = messages.map(({ id }) => id);
    const error = await failureOf(o, messages);
    if (error === undefined) {
      await tx.query(statements.remove, [ids]);
      return { kind: 'delivered', count: ids.length, oldestAgeSeconds: oldest.ageSeconds };
    }
    if (!isRefusal(error)) {
      await tx.query(statements.countAttempt, [ids]);
      return { kind: 'failed', error, oldestAgeSeconds: oldest.ageSeconds };
    }
    if (ids.length > 1) return { kind: 'suspect', count: ids.length };
    await markRefused(tx, statements.refuse, oldest.id, error);
    return { kind: 'refused', id: oldest.id, failure: error };
  });
}

/** Whether messages wait for delivery, those that another relay holds included. */
export async function hasPending(db: Database, schema: string): Promise<boolean> {
  return (await db.query(statementsFor(schema).findPending)).length > 0;
}

interface LockedMessage extends OutboxMessage {
  readonly ageSeconds: number;
}

const statementsFor = perSchema((schema) => ({
  lock: statement<LockedMessage>(
    `${schema}.lock-outbox`,
    `select id, payload, extract(epoch from now() - created_at)::float8 as "ageSeconds"
      from ${schema}.outbox where refused_at is null
      order by id limit $1::integer for update skip locked`,
  ),
  remove: statement(`${schema}.delete-outbox`, `delete from ${schema}.outbox where id = any($1::uuid[])`),
  countAttempt: statement(
    `${schema}.count-outbox-attempt`,
    `update ${schema}.outbox set attempts = attempts + 1 where id = any($1::uuid[])`,
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

/** The first ones that fit into one delivery, and at least one. */
function fitting(messages: readonly LockedMessage[]): LockedMessage[] {
  let bytes = 0;
  const tooMuch = messages.findIndex(({ payload }, index) => {
    bytes += payload.length;
    return index > 0 && bytes > BATCH_BYTES_MAX;
  });
  return messages.slice(0, tooMuch < 0 ? messages.length : tooMuch);
}

/** A delivery that overlooks its signal is not waited for either. */
async function failureOf({ deliver, timeoutMs }: BatchOptions, messages: readonly LockedMessage[]): Promise<unknown> {
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

async function markRefused(
  tx: Transaction,
  refuse: Statement<Record<string, never>>,
  id: string,
  { reason, message }: Failure,
): Promise<void> {
  await tx.query(refuse, [id, `${reason}: ${message}`.slice(0, REASON_LENGTH_MAX)]);
}
