import { Failure } from '@gatehouse/failure';
import { type Database, OUTBOX_PAYLOAD_MAX_BYTES } from '@gatehouse/postgres';
import { createRegistry, silentLogger, uuidv7 } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { observationBuffer } from '../src/observation-buffer.ts';

/** A buffer over a database that fails as long as a test says so. */
function buffered() {
  const state: { error: Error | undefined; triedAtMs: number[] } = { error: undefined, triedAtMs: [] };
  const written: string[] = [];
  const transaction = async (work: (tx: unknown) => Promise<void>) => {
    state.triedAtMs.push(performance.now());
    if (state.error) throw state.error;
    await work({ defer: (_statement: unknown, [ids]: [string[]]) => void written.push(...ids) });
  };
  const registry = createRegistry('session');
  const buffer = observationBuffer({
    db: { transaction } as unknown as Database,
    schema: 'session',
    logger: silentLogger,
    registry,
    flushed: () => {},
  });
  const add = (payload = Buffer.from('event')) => {
    const id = uuidv7();
    buffer.add({ id, payload });
    return id;
  };
  return { buffer, state, written, registry, add };
}

describe('decisions on their way to the outbox', () => {
  it('are tried ever less often while Postgres is away, whatever is added meanwhile, and then all written', async () => {
    const { buffer, state, written, add } = buffered();
    state.error = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Not now.');
    const ids = [add()];
    await waitFor(() => {
      ids.push(add());
      return state.triedAtMs.length === 5;
    });
    const pauses = state.triedAtMs.slice(1).map((at, index) => at - (state.triedAtMs[index] ?? 0));
    expect(pauses[1]).toBeGreaterThan(95);
    expect(pauses[3]).toBeGreaterThan(390);
    state.error = undefined;
    await waitFor(() => written.length === ids.length);
    expect(written).toEqual(ids);
    ids.push(add());
    await waitFor(() => written.length === ids.length);
    await buffer.stop();
  });

  it('are kept whatever kind of error it is, unless it is about what they are', async () => {
    const { buffer, state, written, add } = buffered();
    state.error = new Error('permission denied for table outbox');
    const ids = [add(), add()];
    await waitFor(() => state.triedAtMs.length === 2);
    state.error = undefined;
    await waitFor(() => written.length === 2);
    expect(written).toEqual(ids);
    await buffer.stop();
  });

  it('hold up nobody when one of them is too large for the outbox', async () => {
    const { buffer, written, registry, add } = buffered();
    const first = add();
    add(Buffer.alloc(OUTBOX_PAYLOAD_MAX_BYTES + 1));
    const second = add(Buffer.alloc(OUTBOX_PAYLOAD_MAX_BYTES));
    await waitFor(() => written.length > 0);
    expect(written).toEqual([first, second]);
    expect(await registry.metrics()).toMatch(/audit_observations_refused_total\{.*\} 1/);
    await buffer.stop();
  });
});
