import { perSchema } from './per-schema.ts';
import type { Transaction } from './queryable.ts';
import { statement } from './statement.ts';

/** A message that waits in a schema's outbox until it is delivered. */
export interface OutboxMessage {
  /** A UUIDv7: messages are delivered in the order of their ids, and the receiver knows by it what it already has. */
  readonly id: string;
  readonly payload: Buffer;
}

/** The largest message that an outbox takes. */
export const OUTBOX_PAYLOAD_MAX_BYTES = 64 * 1024;

/**
 * Puts a message into `<schema>.outbox`, where it commits with the transaction or not at all. It is deferred. One that is there
 * already stays as it is, so that it can be put again when nobody knows whether the commit took effect.
 */
export function appendOutbox(tx: Transaction, schema: string, message: OutboxMessage): void {
  appendAllToOutbox(tx, schema, [message]);
}

/** Puts messages into `<schema>.outbox` as `appendOutbox` does, by one statement. */
export function appendAllToOutbox(tx: Transaction, schema: string, messages: readonly OutboxMessage[]): void {
  const tooLarge = messages.find(({ payload }) => payload.length > OUTBOX_PAYLOAD_MAX_BYTES);
  if (tooLarge) {
    throw new Error(`A message of ${tooLarge.payload.length} bytes is too large for the outbox of ${schema}.`);
  }
  tx.defer(appendTo(schema), [messages.map(({ id }) => id), messages.map(({ payload }) => payload)]);
}

const appendTo = perSchema((schema) =>
  statement(
    `${schema}.append-outbox`,
    `insert into ${schema}.outbox (id, payload) select * from unnest($1::uuid[], $2::bytea[])
     on conflict (id) do nothing`,
  ),
);
