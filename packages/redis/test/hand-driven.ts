import type { InvalidationBus, Loaded } from '@gatehouse/redis';
import { waitFor } from '@gatehouse/testing';
import { type Doc, type Instance, type InstanceOptions, useRedis } from './instance.ts';

/** A truth whose every answer the test gives by hand, in any order. */
export function handLoader() {
  const pending: {
    readonly id: string;
    readonly signal: AbortSignal;
    answer(loaded: Loaded<Doc>): void;
    fail(error: Error): void;
  }[] = [];
  return {
    load: (id: string, signal: AbortSignal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Loaded<Doc>>();
      pending.push({ id, signal, answer: resolve, fail: reject });
      return promise;
    },
    get count() {
      return pending.length;
    },
    /** Load number `index`, as soon as it has started. */
    nth: (index: number) => waitFor(() => pending[index], { everyMs: 1 }),
  };
}

/** A bus that is always current and on which nobody ever hears anything. */
export const deafBus: InvalidationBus = {
  current: true,
  stalenessMs: 0,
  boundMs: 60_000,
  publish: async () => {},
  on: () => {},
  onReset: () => {},
  onLoss: () => {},
  stop: async () => {},
};

/** A Redis for the tests of one file, and instances on it whose truth is driven by hand. */
export function useHandDriven() {
  const redis = useRedis();

  const open = async (options: Pick<InstanceOptions, 'cache'> = {}) => {
    const loader = handLoader();
    const heard: string[] = [];
    const instance = await redis.open({ load: loader.load, ...options });
    instance.bus.on('doc', (id, version) => heard.push(`${id} ${version}`));
    const hears = (line: string) => waitFor(() => heard.includes(line), { everyMs: 1 });
    return { ...instance, loader, hears };
  };

  /** Two instances whose bus has its first message behind it, which is a gap to those who knew of none. */
  const openTwo = async () => {
    const [one, two] = [await open(), await open()];
    await one.cache.invalidate([{ id: 'first', version: 1n }]);
    await two.hears('first 1');
    return { one, two };
  };

  return { redis, open, openTwo };
}

/** Holds back what Redis answers to the next read of this instance, which Redis has already executed. */
export function holdNextRead({ redis }: Pick<Instance, 'redis'>) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: executed, resolve: wasExecuted } = Promise.withResolvers<void>();
  const read = redis.client.mgetBuffer;
  redis.client.mgetBuffer = (async (keys: string[]) => {
    redis.client.mgetBuffer = read;
    const answer = await read.call(redis.client, keys);
    wasExecuted();
    await released;
    return answer;
  }) as typeof read;
  return { executed, release };
}
