import { describe, expect, it } from 'vitest';
import { createGrantsMemory, type GrantsMemory, type KnownUser } from './grants-memory.ts';

const user = (userId: string, revision = 1n): KnownUser => ({
  userId,
  revision,
  modelRevision: 1n,
  grants: [],
  isReadable: true,
});

function memoryWith(maxUsers = 10) {
  const memory = createGrantsMemory(maxUsers);
  const read = (found: KnownUser, meanwhile: () => void = () => {}) => {
    const reading = memory.begin();
    meanwhile();
    memory.keep(reading, found);
    memory.end(reading);
  };
  return { memory, read };
}

describe('grants memory', () => {
  it('recalls a user until a newer revision is told', () => {
    const { memory, read } = memoryWith();
    read(user('a', 3n));
    memory.changed('a', 3n);
    memory.changed('b', 9n);
    expect(memory.recall('a')?.revision).toBe(3n);
    memory.changed('a', 4n);
    expect(memory.recall('a')).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it.each<[string, (memory: GrantsMemory) => void, boolean]>([
    ['its change', (memory) => memory.changed('a', 2n), false],
    ['a reset', (memory) => memory.reset(), false],
    ['a change that it has seen', (memory) => memory.changed('a', 1n), true],
    ['the change of another', (memory) => memory.changed('b', 2n), true],
  ])('told %s while it reads, keeps only what that has not overtaken', (_what, overtake, isKept) => {
    const { memory, read } = memoryWith();
    read(user('a'), () => overtake(memory));
    expect(memory.recall('a') !== undefined).toBe(isKept);
    read(user('a', 2n));
    expect(memory.recall('a')?.revision).toBe(2n);
  });

  it('remembers a change for a reading that began before it, however many others end meanwhile', () => {
    const { memory, read } = memoryWith();
    const slow = memory.begin();
    memory.changed('a', 2n);
    for (let index = 0; index < 5; index += 1) read(user(`b${index}`));
    memory.keep(slow, user('a', 1n));
    memory.end(slow);
    expect(memory.recall('a')).toBeUndefined();
  });

  it('does not let the older of two readings that cross take the place of the newer', () => {
    const { memory } = memoryWith();
    const [slow, quick] = [memory.begin(), memory.begin()];
    memory.keep(quick, user('a', 2n));
    memory.end(quick);
    memory.keep(slow, user('a', 1n));
    memory.end(slow);
    expect(memory.recall('a')?.revision).toBe(2n);
  });

  it('trusts no reading during which more changed than it remembers', () => {
    const { memory, read } = memoryWith();
    read(user('a'), () => {
      for (let index = 0; index <= 100_000; index += 1) memory.changed(`other-${index}`, 1n);
    });
    expect(memory.recall('a')).toBeUndefined();
  });

  it('stays within its bound, and holds nobody where that is none', () => {
    const { memory, read } = memoryWith(3);
    for (let index = 0; index < 10; index += 1) read(user(`u${index}`));
    expect(memory.size).toBe(3);
    const none = memoryWith(0);
    none.read(user('a'));
    expect(none.memory.size).toBe(0);
  });
});
