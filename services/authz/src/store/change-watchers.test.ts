import { Failure } from '@gatehouse/failure';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type LogPosition, resumeTokenExpired } from '../domain/log-position.ts';
import { formatResumeToken } from '../domain/resume-token.ts';
import type { ChangeLog, LoggedChange } from './change-log.ts';
import { type ChangeWatch, type ChangeWatchers, openChangeWatchers } from './change-watchers.ts';
import type { WatchLimits } from './watch-limits.ts';

const HISTORY = '6b0a4c11aa5500ff00000001';
const PAGE = 3;

/** The place before the change with this number. */
const before = (number: number): LogPosition => {
  const xid = BigInt(number);
  return { history: HISTORY, xmin: xid, xmax: xid, running: [] };
};
const tokenAt = (number: number) => formatResumeToken(before(number));

/** A log that is written by hand. Its changes are numbered from 1, and each is of the user of its number. */
function handLog() {
  let end = 1;
  let gate: Promise<void> | undefined;
  const hand = {
    reads: 0,
    /** Reads of what was missed: how many are under way, and were at most. */
    underWay: 0,
    atOnce: 0,
    failure: undefined as Error | undefined,
    /** Called between two pages. */
    between: () => {},
    add(count = 1): void {
      end += count;
    },
    /** Lets no read end until what is returned is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = undefined;
        resolve();
      };
    },
  };
  const log: ChangeLog = {
    async now() {
      hand.reads += 1;
      const position = before(end);
      await gate;
      if (hand.failure) throw hand.failure;
      return position;
    },
    async read(after, { until, page, turn = (read) => read() }) {
      hand.reads += 1;
      const goal = until ?? before(end);
      await turn(async () => {
        if (until) hand.atOnce = Math.max(hand.atOnce, ++hand.underWay);
        await gate;
        if (until) hand.underWay -= 1;
      });
      if (hand.failure) throw hand.failure;
      for (let from = Number(after.xmax); from < Number(goal.xmax); from += PAGE) {
        const count = Math.min(PAGE, Number(goal.xmax) - from);
        await page(Array.from({ length: count }, (_, index) => change(from + index)));
        hand.between();
      }
      return goal;
    },
  };
  return { hand, log };
}

function change(number: number): LoggedChange {
  return { userId: `${number}`, revision: 1n, changedAt: new Date(0) };
}

const opened: ChangeWatchers[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.stop();
});

function rig(limits: Partial<WatchLimits> = {}) {
  const { hand, log } = handLog();
  const registry = createRegistry('test');
  let nowMs = 0;
  const watchers = openChangeWatchers({
    log,
    everyMs: 5,
    registry,
    logger: silentLogger,
    nowMs: () => nowMs,
    limits,
    encode: {
      changes: (changes) => Buffer.from(changes.map(({ userId }) => userId).join(' ')),
      answer: ({ question, stalenessMs, resumeToken }) =>
        Buffer.from(`answer ${question} ${stalenessMs} ${resumeToken}`),
    },
  });
  opened.push(watchers);
  return {
    hand,
    registry,
    watchers,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

/** Reads a watch, and notes what it tells and how it ends. */
function read(watch: ChangeWatch) {
  const told: string[] = [];
  const ended = (async () => {
    try {
      for await (const message of watch.messages) told.push(message.toString());
      return 'well';
    } catch (error) {
      return error;
    } finally {
      watch.close();
    }
  })();
  let question = 0n;
  return {
    told,
    ended,
    /** The numbers of the changes that were told, in order. */
    changes: () => told.flatMap((line) => (line.startsWith('answer') ? [] : line.split(' ').map(Number))),
    tells: (line: string) => waitFor(() => told.includes(line), { everyMs: 1 }),
    /** Asks until an answer has a token. */
    live: () =>
      waitFor(
        () => {
          question += 1n;
          watch.ask(question);
          return told.find((line) => /^answer \d+ \d+ .+/.test(line));
        },
        { everyMs: 1 },
      ),
  };
}

function begin(watchers: ChangeWatchers, resumeToken = '', peer = 'app/a') {
  const watch = watchers.open(peer);
  watch.begin(resumeToken);
  return { watch, ...read(watch) };
}

describe('a watch', () => {
  it('is told of what is written from then on, and before the answer to what it asks', async () => {
    const { hand, watchers } = rig();
    hand.add(4);
    const one = begin(watchers);
    const two = begin(watchers);
    await Promise.all([one.live(), two.live()]);
    hand.add(2);
    watchers.wake();
    await Promise.all([one.tells('5 6'), two.tells('5 6')]);
    await waitFor(() => {
      one.watch.ask(100n);
      return one.told.includes(`answer 100 0 ${tokenAt(7)}`);
    });
    expect(one.changes()).toEqual([5, 6]);
    expect(one.told.indexOf('5 6')).toBeLessThan(one.told.indexOf(`answer 100 0 ${tokenAt(7)}`));
  });

  it('is told without being woken', async () => {
    const { hand, watchers } = rig();
    const one = begin(watchers);
    await one.live();
    hand.add();
    await one.tells('1');
  });

  it('is answered without a token before the first read', async () => {
    const { hand, watchers } = rig();
    const release = hand.hold();
    const one = begin(watchers);
    one.watch.ask(1n);
    await one.tells('answer 1 Infinity ');
    release();
    await one.live();
  });

  it('is told how old the last read is that Postgres has answered, counted from when it was sent', async () => {
    const { hand, watchers, pass } = rig();
    const one = begin(watchers);
    await one.live();
    hand.failure = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Gone.');
    const { reads } = hand;
    await waitFor(() => hand.reads > reads + 1, { everyMs: 1 });
    pass(700);
    one.watch.ask(50n);
    await one.tells(`answer 50 700 ${tokenAt(1)}`);
    const release = hand.hold();
    hand.failure = undefined;
    const before = hand.reads;
    await waitFor(() => hand.reads > before, { everyMs: 1 });
    pass(300);
    release();
    await waitFor(() => {
      one.watch.ask(51n);
      return one.told.some((line) => line.startsWith('answer 51 0') || line.startsWith('answer 51 300'));
    });
  });

  it('is told what it missed first, and gets a token only after that', async () => {
    const { hand, watchers } = rig();
    hand.add(8);
    const one = begin(watchers, tokenAt(3));
    await one.live();
    expect(one.changes()).toEqual([3, 4, 5, 6, 7, 8]);
    expect(one.told.findIndex((line) => line.endsWith(tokenAt(9)))).toBeGreaterThan(one.told.indexOf('6 7 8'));
  });

  it.each([100, 2, 0])(
    'misses nothing that is written while it catches up, where %i messages are held back',
    async (heldMax) => {
      const { hand, watchers } = rig({ heldMax });
      hand.add(30);
      let writes = 25;
      hand.between = () => {
        if (writes === 0) return;
        writes -= 1;
        hand.add();
        watchers.wake();
      };
      const one = begin(watchers, tokenAt(1));
      await one.live();
      await waitFor(() => one.changes().includes(55));
      expect(new Set(one.changes())).toEqual(new Set(Array.from({ length: 55 }, (_, index) => index + 1)));
    },
  );

  it('is not cut off while it reads and catches up with much, whatever it asks', async () => {
    const { hand, watchers } = rig({ messagesMax: 4 });
    hand.add(300);
    const one = begin(watchers, tokenAt(1));
    await one.live();
    expect(one.changes()).toHaveLength(300);
  });

  it('waits its turn to catch up, when many come back at once', async () => {
    const { hand, watchers } = rig({ readingMax: 2 });
    await begin(watchers).live();
    hand.add(5);
    const release = hand.hold();
    const back = Array.from({ length: 6 }, () => begin(watchers, tokenAt(1)));
    setTimeout(release, 5);
    await Promise.all(back.map((each) => each.live()));
    await waitFor(() => back.every((each) => [1, 2, 3, 4, 5].every((number) => each.changes().includes(number))));
    expect(hand.atOnce).toBe(2);
  });

  it.each(['nonsense', `${tokenAt(1)}x`])('ends with the token %s', async (token) => {
    const { watchers } = rig();
    const one = begin(watchers, token);
    expect(await one.ended).toMatchObject({ kind: 'invalid', reason: 'RESUME_TOKEN_INVALID' });
  });

  it('ends when what it was told of may not have happened, and another begins', async () => {
    const { hand, watchers } = rig();
    const one = begin(watchers);
    await one.live();
    hand.failure = resumeTokenExpired('The database has failed over.');
    expect(await one.ended).toMatchObject({ kind: 'precondition', reason: 'RESUME_TOKEN_EXPIRED' });
    hand.failure = undefined;
    hand.add();
    const next = begin(watchers);
    await next.live();
    hand.add();
    await next.tells('2');
  });

  it('that is not read ends instead of growing, and the others go on', async () => {
    const { hand, registry, watchers } = rig({ messagesMax: 3 });
    const slow = watchers.open('app/slow');
    slow.begin('');
    const quick = begin(watchers);
    await quick.live();
    for (let number = 1; number <= 5; number += 1) {
      hand.add();
      watchers.wake();
      await quick.tells(`${number}`);
    }
    expect(await read(slow).ended).toMatchObject({ kind: 'unavailable', reason: 'WATCH_TOO_SLOW' });
    expect(await registry.metrics()).toMatch(/authz_watches_cut_off_total\{[^}]*reason="WATCH_TOO_SLOW"[^}]*\} 1/);
  });

  it('that asks nothing for long ends', async () => {
    const { watchers } = rig({ idleMsMax: 20 });
    expect(await begin(watchers).ended).toMatchObject({ kind: 'unavailable', reason: 'WATCH_IDLE' });
  });

  it('has a place among a limited number, which is free again when it is closed', async () => {
    const { registry, watchers } = rig({ watchesMax: 3, watchesPerPeerMax: 2 });
    const tooMany = expect.objectContaining({ kind: 'limited', reason: 'WATCHES_TOO_MANY' });
    const first = watchers.open('app/a');
    watchers.open('app/a');
    expect(() => watchers.open('app/a')).toThrow(tooMany);
    watchers.open('app/b');
    expect(() => watchers.open('app/c')).toThrow(tooMany);
    expect(await registry.metrics()).toMatch(/authz_watches\{[^}]*\} 3/);
    first.close();
    first.close();
    expect(watchers.open('app/c')).toBeDefined();
  });

  it('ends when the instance stops, and none begins from then on', async () => {
    const { watchers } = rig();
    const one = begin(watchers);
    await one.live();
    watchers.stop();
    const stopping = { kind: 'unavailable', reason: 'INSTANCE_STOPPING' };
    expect(await one.ended).toMatchObject(stopping);
    expect(() => watchers.open('app/a')).toThrow(expect.objectContaining(stopping));
  });

  it('has the log read only while it is open', async () => {
    const { hand, watchers } = rig();
    expect(hand.reads).toBe(0);
    const one = begin(watchers);
    await one.live();
    one.watch.end();
    expect(await one.ended).toBe('well');
    const { reads } = hand;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hand.reads).toBe(reads);
    hand.add();
    const next = begin(watchers);
    await next.live();
    expect(next.changes()).toEqual([]);
  });
});
