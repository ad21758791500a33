import { describe, expect, it } from 'vitest';
import { createSessionMemory } from './session-memory.ts';
import type { ValidatedSession } from './validated-session.ts';

const EPOCH_MS = 1_800_000_000_000;

const session = (fields: Partial<ValidatedSession> = {}): ValidatedSession => ({
  sessionId: 's1',
  userId: 'u1',
  authenticationMethods: ['pwd'],
  authenticationLevel: 1,
  createdAtMs: EPOCH_MS,
  expiresAtMs: EPOCH_MS + 3_600_000,
  idleTimeoutSeconds: 0,
  authzToken: '',
  ...fields,
});

function memoryWith(maxEntries = 10) {
  const memory = createSessionMemory({ maxEntries, epochMs: () => EPOCH_MS });
  const read = (tokenHash: string, found: ValidatedSession, meanwhile: () => void = () => {}) => {
    const reading = memory.begin(0);
    meanwhile();
    memory.keep(reading, tokenHash, found);
    memory.end(reading);
  };
  return { memory, read };
}

describe('session memory', () => {
  it('recalls a session by its token and forgets it by its id', () => {
    const { memory, read } = memoryWith();
    const found = session();
    read('t1', found);
    expect(memory.recall('t1', 0)?.session).toBe(found);
    expect(memory.recall('t2', 0)).toBeUndefined();
    memory.forget('s1');
    expect(memory.recall('t1', 0)).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it.each([
    ['its change', (memory: ReturnType<typeof createSessionMemory>) => memory.forget('s1')],
    ['a reset', (memory: ReturnType<typeof createSessionMemory>) => memory.reset()],
    ['a change of its user', (memory: ReturnType<typeof createSessionMemory>) => memory.forgetUser('u1')],
    ['distrust', (memory: ReturnType<typeof createSessionMemory>) => memory.distrustReadings()],
  ])('does not keep what %s has overtaken', (_what, overtake) => {
    const { memory, read } = memoryWith();
    read('t1', session(), () => overtake(memory));
    expect(memory.recall('t1', 0)).toBeUndefined();
    read('t1', session());
    expect(memory.recall('t1', 0)).toBeDefined();
  });

  it('keeps what the change of another session has not touched', () => {
    const { memory, read } = memoryWith();
    read('t1', session(), () => memory.forget('s2'));
    expect(memory.recall('t1', 0)).toBeDefined();
  });

  it('judges each of several readings by when it began', () => {
    const { memory } = memoryWith();
    const before = memory.begin(0);
    memory.forget('s1');
    const after = memory.begin(0);
    memory.keep(before, 't1', session());
    memory.end(before);
    expect(memory.recall('t1', 0)).toBeUndefined();
    memory.keep(after, 't1', session());
    memory.end(after);
    expect(memory.recall('t1', 0)).toBeDefined();
  });

  it('remembers a change for a reading that began before it, however many others end meanwhile', () => {
    const { memory, read } = memoryWith();
    const slow = memory.begin(0);
    memory.forget('s1');
    for (let index = 0; index < 5; index++) read(`t${index + 2}`, session({ sessionId: `s${index + 2}` }));
    memory.keep(slow, 't1', session());
    memory.end(slow);
    expect(memory.recall('t1', 0)).toBeUndefined();
  });

  it('trusts no reading during which more changed than it remembers', () => {
    const { memory, read } = memoryWith();
    read('t1', session(), () => {
      for (let index = 0; index <= 100_000; index++) memory.forget(`other-${index}`);
    });
    expect(memory.recall('t1', 0)).toBeUndefined();
  });

  it.each([
    ['a minute, where the session has no idle timeout', session(), 60_000],
    ['a minute, where its idle timeout is long', session({ idleTimeoutSeconds: 86_400 }), 60_000],
    ['a tenth of its idle timeout', session({ idleTimeoutSeconds: 120 }), 12_000],
    ['until it expires', session({ expiresAtMs: EPOCH_MS + 5_000 }), 5_000],
  ])('uses a session without asking for at most %s', (_what, found, usableMs) => {
    const { memory, read } = memoryWith();
    read('t1', found);
    expect(memory.recall('t1', usableMs - 1)).toBeDefined();
    expect(memory.recall('t1', usableMs)).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it('counts the time from before the question, not from the answer', () => {
    const { memory } = memoryWith();
    const reading = memory.begin(1_000);
    memory.keep(reading, 't1', session());
    memory.end(reading);
    expect(memory.recall('t1', 60_999)).toBeDefined();
    expect(memory.recall('t1', 61_000)).toBeUndefined();
  });

  it('does not keep a session that has expired', () => {
    const { memory, read } = memoryWith();
    read('t1', session({ expiresAtMs: EPOCH_MS }));
    expect(memory.size).toBe(0);
  });

  it('stays within its bound, and can still forget what it holds', () => {
    const { memory, read } = memoryWith(3);
    for (let index = 0; index < 10; index++) read(`t${index}`, session({ sessionId: `s${index}` }));
    expect(memory.size).toBe(3);
    for (let index = 0; index < 10; index++) memory.forget(`s${index}`);
    expect(memory.size).toBe(0);
  });

  it('forgets all sessions of a user and nobody else’s', () => {
    const { memory, read } = memoryWith();
    read('t1', session({ sessionId: 's1' }));
    read('t2', session({ sessionId: 's2' }));
    read('t3', session({ sessionId: 's3', userId: 'u2' }));
    memory.forgetUser('u1');
    expect([memory.recall('t1', 0), memory.recall('t2', 0)]).toEqual([undefined, undefined]);
    expect(memory.recall('t3', 0)).toBeDefined();
  });
});
