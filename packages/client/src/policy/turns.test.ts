import { describe, expect, it } from 'vitest';
import { EVALUATION_STEPS_MAX, TURN_STEPS_MAX } from '../condition/steps.ts';
import { openTurns, SHORT_STEPS_MAX, TURN_WAITERS_MAX } from './turns.ts';

/** Turns that go on only when the test says so, each with a list of what was done in it. */
function stand() {
  const due: (() => void)[] = [];
  const turns = openTurns((next) => due.push(next));
  const done: string[][] = [[]];
  return {
    turns,
    done,
    /** Ends the turn; whether anything waited for that. */
    endTurn(): boolean {
      const next = due.splice(0);
      done.push([]);
      for (const each of next) each();
      return next.length > 0;
    },
    /** Work of so many pieces that each take so many steps, as many in a turn as there is room for. */
    work(name: string, pieces: number, steps: number, expected = steps) {
      const isLong = () => expected > SHORT_STEPS_MAX;
      let left = pieces;
      const work = () => {
        while (left > 0 && turns.hasRoom(isLong())) {
          left -= 1;
          done.at(-1)?.push(name);
          turns.take(steps);
        }
        return left === 0 ? name : undefined;
      };
      return { work, isLong, signal: undefined, full: () => new Error('full') };
    },
  };
}

describe('turns of the event loop', () => {
  it('are over when one more evaluation could pass the limit, and not before', () => {
    const { turns, endTurn } = stand();
    turns.take(TURN_STEPS_MAX - EVALUATION_STEPS_MAX - 1);
    expect([turns.hasRoom(true), turns.hasRoom(false)]).toEqual([true, true]);
    turns.take(1);
    expect([turns.hasRoom(true), turns.hasRoom(false)]).toEqual([false, true]);
    turns.take(EVALUATION_STEPS_MAX - SHORT_STEPS_MAX);
    expect([turns.hasRoom(true), turns.hasRoom(false)]).toEqual([false, true]);
    turns.take(1);
    expect([turns.hasRoom(true), turns.hasRoom(false)]).toEqual([false, false]);
    endTurn();
    expect([turns.hasRoom(true), turns.hasRoom(false)]).toEqual([true, true]);
  });

  it('never take more than the limit, whatever waits', async () => {
    const { turns, done, endTurn, work } = stand();
    const steps = EVALUATION_STEPS_MAX * 0.7;
    const all = ['a', 'b', 'c', 'd'].map((name) => turns.finish(work(name, 3, steps)));
    while (endTurn()) expect((done.at(-1)?.length ?? 0) * steps).toBeLessThanOrEqual(TURN_STEPS_MAX);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
    expect(done.flat()).toHaveLength(12);
    expect(turns.waiting).toBe(0);
  });

  it('go round: whoever has had one comes behind the others', async () => {
    const { turns, done, endTurn, work } = stand();
    const long = turns.finish(work('long', 6, EVALUATION_STEPS_MAX));
    const short = turns.finish(work('short', 1, EVALUATION_STEPS_MAX));
    while (endTurn());
    await Promise.all([long, short]);
    expect(done.flat().indexOf('short')).toBe(1);
  });

  it('have room for what is short behind what takes long, and for what takes long behind what is short', async () => {
    const { turns, done, endTurn, work } = stand();
    const long = Array.from({ length: 10 }, () => turns.finish(work('long', 1, EVALUATION_STEPS_MAX)));
    const short = Array.from({ length: 200 }, () => turns.finish(work('short', 1, SHORT_STEPS_MAX)));
    while (endTurn());
    await Promise.all([...long, ...short]);
    expect(done.slice(1, 4).map((turn) => turn.filter((each) => each === 'short').length)).toEqual([100, 100, 0]);
    expect(done.slice(1, 11).map((turn) => turn.filter((each) => each === 'long').length)).toEqual(Array(10).fill(1));
  });

  it('are longer only by one evaluation that nobody expected to be long', async () => {
    const { turns, done, endTurn, work } = stand();
    const steps = EVALUATION_STEPS_MAX * 0.9;
    const all = Array.from({ length: 20 }, () => turns.finish(work('surprise', 1, steps, 1)));
    while (endTurn());
    await Promise.all(all);
    const longest = Math.max(...done.map(({ length }) => length)) * steps;
    expect(longest).toBeLessThan(TURN_STEPS_MAX + EVALUATION_STEPS_MAX);
  });

  it('are left to others while little is taken, and asked for by nobody', () => {
    const { turns, endTurn } = stand();
    for (let taken = 0; taken < 100; taken += 1) turns.take(30);
    expect(endTurn()).toBe(false);
    expect(turns.hasRoom(true)).toBe(true);
  });

  it('do nothing more for who has given up, and tell why at once', async () => {
    const { turns, done, endTurn, work } = stand();
    const abort = new AbortController();
    const given = turns.finish({ ...work('given up', 2, EVALUATION_STEPS_MAX), signal: abort.signal });
    const other = turns.finish(work('other', 1, EVALUATION_STEPS_MAX));
    endTurn();
    abort.abort(new Error('too late'));
    await expect(given).rejects.toThrow('too late');
    while (endTurn());
    expect(await other).toBe('other');
    expect(done.flat()).toEqual(['given up', 'other']);
    await expect(turns.finish({ ...work('late', 1, 1), signal: abort.signal })).rejects.toThrow('too late');
  });

  it('reject with what the work throws, and go on with the others', async () => {
    const { turns, endTurn, work } = stand();
    const refuse = () => {
      throw new Error('refused');
    };
    const failing = turns.finish({ ...work('', 1, 1), work: refuse });
    const other = turns.finish(work('other', 1, 1));
    endTurn();
    await expect(failing).rejects.toThrow('refused');
    expect(await other).toBe('other');
  });

  it('have a bounded number of who waits', async () => {
    const { turns, endTurn, work } = stand();
    const waiting = Array.from({ length: TURN_WAITERS_MAX }, () => turns.finish(work('', 1, 0)));
    await expect(turns.finish(work('', 1, 0))).rejects.toThrow('full');
    endTurn();
    await Promise.all(waiting);
    const again = turns.finish(work('again', 1, 0));
    endTurn();
    expect(await again).toBe('again');
  });

  it('are those of the event loop: what else is due runs in between', async () => {
    const turns = openTurns();
    const order: string[] = [];
    const work = () => {
      turns.take(EVALUATION_STEPS_MAX);
      order.push('work');
      return order.filter((each) => each === 'work').length === 4 || undefined;
    };
    const other = () => {
      order.push('other');
      if (order.length < 20) setImmediate(other);
    };
    setImmediate(other);
    await turns.finish({ work, isLong: () => true, signal: undefined, full: () => new Error('full') });
    expect(order.join(' ')).not.toContain('work work');
  });
});
