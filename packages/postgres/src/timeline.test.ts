import { silentLogger } from '@gatehouse/process';
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { followTimeline, type Timeline, timelineOf } from './timeline.ts';

const HOUR_MS = 3_600_000;
const versionIn = (timeline: bigint) => (timeline - 1n) << 40n;

let timeline: Timeline | undefined;
afterEach(() => timeline?.stop());

/** A Postgres that writes to a timeline, or does not answer, and is asked by itself only once. */
async function stand(state: { timeline: bigint | undefined }) {
  let asked = 0;
  let changes = 0;
  const db = {
    within: () => db,
    async query() {
      asked += 1;
      if (state.timeline === undefined) throw new Error('down');
      return [{ timeline: state.timeline }];
    },
  };
  const followed = followTimeline({ db: db as unknown as Database, everyMs: HOUR_MS, logger: silentLogger });
  timeline = followed;
  followed.onChange(() => {
    changes += 1;
  });
  await new Promise(setImmediate);
  return { timeline: followed, asked: () => asked, changes: () => changes };
}

describe('the timeline', () => {
  it('is known once Postgres was asked, which is no change', async () => {
    const { timeline, changes } = await stand({ timeline: 3n });
    expect(timeline.current).toBe(3n);
    expect(timeline.lowestVersion).toBe(versionIn(3n));
    expect(changes()).toBe(0);
  });

  it('is asked for again when a change tells of a later one, and not otherwise', async () => {
    const state = { timeline: 1n };
    const { timeline, asked, changes } = await stand(state);
    await timeline.confirm(versionIn(1n) + 5n);
    expect(asked()).toBe(1);
    state.timeline = 2n;
    await timeline.confirm(versionIn(2n) + 1n);
    expect(asked()).toBe(2);
    expect(timeline.current).toBe(2n);
    expect(changes()).toBe(1);
    await timeline.confirm(versionIn(1n) + 6n);
    expect(asked()).toBe(2);
  });

  it('is what Postgres says, and not what a version says', async () => {
    const { timeline, changes } = await stand({ timeline: 1n });
    await timeline.confirm(versionIn(7n));
    expect(timeline.current).toBe(1n);
    expect(changes()).toBe(0);
  });

  it('never goes back', async () => {
    const state = { timeline: 4n };
    const { timeline, changes } = await stand(state);
    state.timeline = 3n;
    await timeline.confirm(versionIn(5n));
    expect(timeline.current).toBe(4n);
    expect(changes()).toBe(0);
  });

  it('is not known while Postgres does not answer; a later answer is no change', async () => {
    const state: { timeline: bigint | undefined } = { timeline: undefined };
    const { timeline, changes } = await stand(state);
    expect(timeline.current).toBeUndefined();
    expect(timeline.lowestVersion).toBe(0n);
    expect(timeline.isLost(0n)).toBe(false);
    state.timeline = 2n;
    await timeline.confirm(0n);
    expect(timeline.current).toBe(2n);
    expect(changes()).toBe(0);
  });

  it('says which versions can not be reached any more', async () => {
    const { timeline } = await stand({ timeline: 2n });
    expect(timeline.isLost(versionIn(2n) - 1n)).toBe(true);
    expect(timeline.isLost(versionIn(2n))).toBe(false);
    expect(timeline.isLost(versionIn(3n))).toBe(false);
  });
});

it.each([
  [0n, 1n],
  [1n, 1n],
  [2n ** 40n - 1n, 1n],
  [2n ** 40n, 2n],
  [2n ** 40n + 1n, 2n],
  [41n * 2n ** 40n + 7n, 42n],
])('version %s was given in timeline %s', (version, timeline) => {
  expect(timelineOf(version)).toBe(timeline);
});
