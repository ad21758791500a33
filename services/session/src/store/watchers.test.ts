import { createRegistry } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openWatchers, type Watch, type Watchers, type WatchersOptions } from './watchers.ts';

/** A bus that is worked by hand. */
function handBus() {
  let changed: (id: string, version: bigint) => void = () => {};
  let reset = () => {};
  return {
    stalenessMs: 12,
    on: (_topic: string, listener: typeof changed) => {
      changed = listener;
    },
    onReset: (listener: typeof reset) => {
      reset = listener;
    },
    change: (...ids: string[]) => {
      for (const id of ids) changed(id, 2n);
    },
    reset: () => reset(),
  };
}

const encode = {
  changes: (ids: readonly string[]) => Buffer.from(ids.join(' ')),
  answer: (question: bigint, stalenessMs: number) => Buffer.from(`answer ${question} ${stalenessMs}`),
  reset: () => Buffer.from('reset'),
};
const opened: Watchers[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.stop();
});

function rig(limits: WatchersOptions['limits'] = {}) {
  const bus = handBus();
  const registry = createRegistry('test');
  const watchers = openWatchers({ bus, topic: 'session', registry, encode, limits });
  opened.push(watchers);
  return { bus, registry, watchers };
}

/** Reads a watch, and notes what it tells and how it ends. */
function read(watch: Watch) {
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
  const tells = (line: string) => waitFor(() => told.includes(line), { everyMs: 1 });
  return { told, ended, tells };
}

describe('a watch', () => {
  it('is told of each change, those of one moment in one message', async () => {
    const { bus, watchers } = rig();
    const one = read(watchers.open('app/a'));
    const two = read(watchers.open('app/b'));
    bus.change('a', 'b');
    bus.change('c');
    await Promise.all([one.tells('a b c'), two.tells('a b c')]);
    bus.change('d');
    await Promise.all([one.tells('d'), two.tells('d')]);
    expect([one.told, two.told]).toEqual([
      ['a b c', 'd'],
      ['a b c', 'd'],
    ]);
  });

  it('is told of everything that is known before its question is answered, and of nothing twice', async () => {
    const { bus, watchers } = rig({ gatheringMsPerWatch: 20 });
    const asking = watchers.open('app/a');
    const one = read(asking);
    const two = read(watchers.open('app/b'));
    bus.change('first');
    await one.tells('first');
    // Gathered for a while now, because the last telling was just before.
    bus.change('a', 'b');
    asking.ask(7n);
    bus.change('c');
    asking.ask(8n);
    bus.change('d');
    await Promise.all([one.tells('d'), two.tells('a b c d')]);
    expect(one.told).toEqual(['first', 'a b', 'answer 7 12', 'c', 'answer 8 12', 'd']);
    expect(two.told).toEqual(['first', 'a b c d']);
  });

  it('splits what is too much for one message', async () => {
    const { bus, watchers } = rig({ idsMax: 3 });
    const one = read(watchers.open('app/a'));
    bus.change(...Array.from({ length: 7 }, (_, i) => `${i}`));
    await one.tells('6');
    expect(one.told).toEqual(['0 1 2', '3 4 5', '6']);
  });

  it('is told to forget everything, and not of changes from before that', async () => {
    const { bus, watchers } = rig({ gatheringMsPerWatch: 20 });
    const asking = watchers.open('app/a');
    const one = read(asking);
    bus.change('a');
    await one.tells('a');
    bus.change('b');
    bus.reset();
    bus.change('c');
    asking.ask(1n);
    await one.tells('answer 1 12');
    expect(one.told).toEqual(['a', 'reset', 'c', 'answer 1 12']);
  });

  it('that is not read ends instead of growing, and the others go on', async () => {
    const { bus, registry, watchers } = rig({ messagesMax: 3, idsMax: 1 });
    const slow = watchers.open('app/slow');
    const quick = read(watchers.open('app/quick'));
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      bus.change(id);
      await quick.tells(id);
    }
    const reading = read(slow);
    expect(await reading.ended).toMatchObject({ kind: 'unavailable', reason: 'WATCH_TOO_SLOW' });
    expect(reading.told).toEqual([]);
    bus.change('f');
    await quick.tells('f');
    expect(await registry.metrics()).toMatch(/session_watches_cut_off_total\{[^}]*reason="WATCH_TOO_SLOW"[^}]*\} 1/);
  });

  it('that asks nothing for long ends, and one that asks does not', async () => {
    const { watchers } = rig({ idleMsMax: 2_500 });
    const asking = watchers.open('app/asking');
    const busy = read(asking);
    const idle = read(watchers.open('app/idle'));
    let idleEnded = false;
    void idle.ended.then(() => {
      idleEnded = true;
    });
    await waitFor(
      () => {
        asking.ask(1n);
        return idleEnded;
      },
      { everyMs: 5 },
    );
    expect(await idle.ended).toMatchObject({ kind: 'unavailable', reason: 'WATCH_IDLE' });
    asking.end();
    expect(await busy.ended).toBe('well');
  });

  it('has a place among a limited number, for each peer and for all, which is free again when it is closed', async () => {
    const { registry, watchers } = rig({ watchesMax: 3, watchesPerPeerMax: 2 });
    const tooMany = expect.objectContaining({ kind: 'limited', reason: 'WATCHES_TOO_MANY' });
    const [first] = [watchers.open('app/a'), watchers.open('app/a')];
    expect(() => watchers.open('app/a')).toThrow(tooMany);
    watchers.open('app/b');
    expect(() => watchers.open('app/c')).toThrow(tooMany);
    expect(await registry.metrics()).toMatch(/session_watches\{[^}]*\} 3/);
    first.close();
    first.close();
    const again = watchers.open('app/a');
    expect(() => watchers.open('app/c')).toThrow(tooMany);
    again.close();
    expect(watchers.open('app/c')).toBeDefined();
  });

  it('ends when the instance stops, and none begins from then on', async () => {
    const { watchers } = rig();
    const one = read(watchers.open('app/a'));
    watchers.stop();
    const stopping = { kind: 'unavailable', reason: 'INSTANCE_STOPPING' };
    expect(await one.ended).toMatchObject(stopping);
    expect(() => watchers.open('app/a')).toThrow(expect.objectContaining(stopping));
  });

  it('ends after the answers to what was asked', async () => {
    const { bus, watchers } = rig();
    const watch = watchers.open('app/a');
    const one = read(watch);
    bus.change('a');
    watch.ask(1n);
    watch.end();
    expect(await one.ended).toBe('well');
    expect(one.told).toEqual(['a', 'answer 1 12']);
  });
});
