import { setImmediate } from 'node:timers/promises';
import type { WatchChangesRequest, WatchChangesResponse } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { BidiHandler, Call } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { ChangeWatch } from '../store/change-watchers.ts';

/** Tells of every change of a user's grants and of the model, and answers how old that knowledge is. */
export function watchChanges({
  watchers,
}: Pick<Deps, 'watchers'>): BidiHandler<WatchChangesRequest, WatchChangesResponse> {
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

/** Passes the questions on; the first says where to begin. When there are no more, the watch ends after what was asked. */
async function listen(watch: ChangeWatch, requests: AsyncIterable<WatchChangesRequest>, call: Call): Promise<void> {
  let hasBegun = false;
  try {
    for await (const { question, resumeToken } of requests) {
      if (!hasBegun) watch.begin(resumeToken);
      hasBegun = true;
      watch.ask(question);
    }
    // A stream that is reset looks as if its caller had said all, until a moment later.
    await setImmediate();
    watch.end();
  } catch (error) {
    // A stream that breaks off ends as the call does.
    watch.end(call.signal.aborted ? undefined : error);
  }
}
