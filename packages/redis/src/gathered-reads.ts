import type { RedisStore } from './open-redis.ts';

/** Most keys that one command asks for. */
const KEYS_MAX = 256;

interface Waiting {
  readonly key: string;
  readonly resolve: (bytes: Buffer | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads single keys, and asks for those of one turn of the event loop with one command: a command costs a promise, a timer
 * and a write to the socket, which is more than what it asks for. In a cluster those go together that share a hash tag,
 * because only they are certain to lie in one slot. Each rejects as the store's client does; what holds something else
 * than a string reads as null.
 */
export function gatherReads({ client }: RedisStore): (key: string) => Promise<Buffer | null> {
  const isCluster = 'nodes' in client;
  let waiting: Waiting[] = [];

  const ask = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const found = await client.mgetBuffer(batch.map(({ key }) => key));
      for (const [index, { resolve }] of batch.entries()) resolve(found[index] ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const askAll = () => {
    const batch = waiting;
    waiting = [];
    if (!isCluster && batch.length > 0) return void ask(batch);
    for (const group of Map.groupBy(batch, ({ key }) => hashTag(key)).values()) void ask(group);
  };
  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      // After whatever this turn still reads from its sockets.
      if (waiting.length === 1) setImmediate(askAll);
      else if (waiting.length === KEYS_MAX) askAll();
    });
}

/** What a cluster makes the slot of a key from: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
function hashTag(key: string): string {
  const start = key.indexOf('{');
  const end = key.indexOf('}', start + 1);
  return start < 0 || end <= start + 1 ? key : key.slice(start + 1, end);
}
