import { type LoadConnection, openConnection } from './connection.ts';
import type { Target } from './target.ts';

/** One request and what has to come back. Both are framed. */
export interface Exchange {
  readonly request: Buffer;
  readonly answer: Buffer;
  /** So many bytes at the end of the answer are other ones each time; absent: none. */
  readonly varyingBytes?: number;
}

/** What is sent, and what becomes of the answers. */
export interface Work<Tag extends { readonly request: Buffer }> {
  /** The next request, or undefined when there is none any more. */
  next(): Tag | undefined;
  /** Throws when the answer is wrong, which ends the work. */
  answered(tag: Tag, body: Buffer, ms: number): void;
}

/** Connections of a load, and calls in flight on each: the shape of every load here, the one of h2load included. */
export const CONNECTIONS = 4;
export const STREAMS = 16;
/** A server that answers nothing for this long is taken for dead. */
const STALL_MS = 10_000;

/** Keeps every stream busy until there is nothing more to send and everything is answered. Rejects with what is wrong. */
export async function pump<Tag extends { readonly request: Buffer }>(
  target: Target,
  work: Work<Tag>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const connections: LoadConnection<Tag>[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const aborted = () => reject(signal.reason);
  signal.addEventListener('abort', aborted);
  let answers = 0;
  let answersBefore = -1;
  const stalled = setInterval(() => {
    if (answers === answersBefore) reject(new Error(`${target.path} answered nothing for ${STALL_MS} ms.`));
    answersBefore = answers;
  }, STALL_MS);
  let held: Tag | undefined;
  let isDry = false;
  const take = (): Tag | undefined => {
    const tag = held ?? (isDry ? undefined : work.next());
    held = undefined;
    isDry ||= tag === undefined;
    return tag;
  };
  const fill = (connection: LoadConnection<Tag>) => {
    while (connection.open < STREAMS) {
      const tag = take();
      if (tag === undefined) break;
      if (connection.send(tag, tag.request)) continue;
      held = tag;
      break;
    }
    if (isDry && connections.every(({ open }) => open === 0)) resolve();
  };
  const connect = async () => {
    const connection: LoadConnection<Tag> = await openConnection<Tag>(target, {
      answered(tag, body, ms) {
        answers += 1;
        try {
          work.answered(tag, body, ms);
        } catch (error) {
          reject(error);
        }
      },
      ready: () => fill(connection),
      failed: reject,
    });
    connections.push(connection);
  };
  try {
    while (connections.length < CONNECTIONS) await connect();
    for (const connection of connections) {
      fill(connection);
      connection.flush();
    }
    await promise;
  } finally {
    signal.removeEventListener('abort', aborted);
    clearInterval(stalled);
    for (const connection of connections) connection.close();
  }
}
