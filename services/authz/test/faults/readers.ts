import { randomUUID } from 'node:crypto';
import { isTrusting, waitFor } from '@gatehouse/testing';
import { expect } from 'vitest';
import { type Fixture, FULLY } from '../fixture.ts';

export const READ = 'stores:read';
export const UNAVAILABLE = expect.objectContaining({ kind: 'unavailable' });

/** A user who may read, and one who may not, both known to the memory of all instances. */
export interface Readers {
  readonly roleId: string;
  readonly reader: string;
  readonly stranger: string;
  /** Of the reader's grant. */
  readonly token: string;
}

export async function warmReaders(instances: readonly [Fixture, ...Fixture[]]): Promise<Readers> {
  const [first] = instances;
  const roleId = await first.role({ permissions: [READ] });
  const [reader, stranger] = [randomUUID(), randomUUID()];
  const token = await first.grant(reader, roleId);
  // An instance that was just started takes answers from Redis only when it has seen in Postgres that nothing waits to be told.
  await waitFor(async () => (await Promise.all(instances.map(isTrusting))).every(Boolean));
  for (const each of instances) for (const userId of [reader, stranger]) await each.warm(userId);
  return { roleId, reader, stranger, token };
}

/** Each of many answers is the right one or none. */
export async function neverWrong(
  instances: readonly [Fixture, ...Fixture[]],
  userId: string,
  expected: boolean,
  rounds = 20,
): Promise<void> {
  const answers = await Promise.allSettled(
    Array.from({ length: rounds }, (_, index) => {
      const instance = instances[index % instances.length] ?? instances[0];
      return instance.allowed(userId, READ, index % 3 ? undefined : FULLY);
    }),
  );
  for (const answer of answers) {
    if (answer.status === 'fulfilled') expect(answer.value).toBe(expected);
    else expect(answer.reason).toEqual(UNAVAILABLE);
  }
}
