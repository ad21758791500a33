import { type Caller, wait } from '../lookups/caller.ts';
import type { Verdict } from '../policy/index.ts';
import type { Later } from './local-checks.ts';

/** Questions that take longer than one turn of the event loop may, each for its caller. */
export interface LaterChecks {
  /** Goes on with a question as long as its caller waits. Rejects as it does, and as the caller gives up. */
  finish(later: Later, caller: Caller): Promise<Verdict | undefined>;
  /** Ends all that are under way, with the reason. */
  end(why: Error): void;
}

/** `deadlineMs` is how long a caller waits who does not say otherwise. */
export function createLaterChecks(deadlineMs: number): LaterChecks {
  const goingOn = new Set<AbortController>();
  return {
    finish(later, { signal, timeoutMs = deadlineMs }) {
      const abort = new AbortController();
      goingOn.add(abort);
      return wait(later(abort.signal), { signal, timeoutMs }, () => {
        goingOn.delete(abort);
        abort.abort();
      });
    },
    end(why) {
      for (const abort of goingOn) abort.abort(why);
    },
  };
}
