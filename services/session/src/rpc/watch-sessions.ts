import { setImmediate } from 'node:timers/promises';
import type { WatchSessionsRequest, WatchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { BidiHandler, Call } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Watch } from '../store/watchers.ts';

/** Tells of every session that changes or ends, and answers how old that knowledge is. */
export function watchSessions({
  watchers,
}: Pick<Deps, 'watchers'>): BidiHandler<WatchSessionsRequest, WatchSessionsResponse> {
  return async function* (requests, call) {
    const watch = watchers.open(call.peer.name);
    const leave = () => watch.end();
    call.signal.addEventListener('abort', leave);
    void listen(watch, requests, call);
    try {
      yield* watch.messages;
    } finally {
      call.signal.removeEventListener('abort', leave);
      watch.close();
    }
  };
}

/** Passes the questions on. When there are no more, what was asked is answered and the watch ends. */
async function listen(watch: Watch, requests: AsyncIterable<WatchSessionsRequest>, call: Call): Promise<void> {
  try {
    for await (const { question } of requests) watch.ask(question);
    // A stream that is reset looks as if its caller had said all, until a moment later.
    await setImmediate();
    watch.end();
  } catch (error) {
    // A stream that breaks off ends as the call does.
    watch.end(call.signal.aborted ? undefined : error);
  }
}
