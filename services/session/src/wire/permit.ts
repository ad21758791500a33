import { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { toAnswer } from '../domain/edge-answer.ts';
import type { Allowed, EdgeSession } from '../domain/edge-decision.ts';
import { sameChanges } from '../domain/edge-headers.ts';
import { toCheckResponse } from './check-response.ts';

/** An answer that lets a request pass, as bytes. */
export type Permit = (decision: Allowed) => Buffer;

interface Remembered {
  readonly decision: Allowed;
  readonly answer: Buffer;
}

/** A longer answer is made anew each time, so that what a client sends can't fill the memory. */
const REMEMBERED_BYTES_MAX = 3 * 1024;
/** Answers that are remembered for a session: one for each policy that its user meets, as long as those are few. */
const REMEMBERED_MAX = 2;

/**
 * Makes permits. The last ones of each session are remembered for as long as the cache holds the session: a client sends
 * headers that need the same changes with nearly every request, and putting the answer together costs half a call. An
 * answer is forgotten with the access token in it, which is replaced at half its life.
 */
export function permits(): Permit {
  const remembered = new WeakMap<EdgeSession, Remembered[]>();
  return (decision) => {
    const last = remembered.get(decision.session);
    if (last) for (const each of last) if (isSame(each.decision, decision)) return each.answer;
    const answer = Buffer.from(CheckResponse.encode(toCheckResponse(toAnswer(decision))).finish());
    if (answer.length > REMEMBERED_BYTES_MAX) return answer;
    const others = (last ?? []).filter((each) => each.decision.policy !== decision.policy);
    remembered.set(decision.session, [{ decision, answer }, ...others].slice(0, REMEMBERED_MAX));
    return answer;
  };
}

function isSame(a: Allowed, b: Allowed): boolean {
  return a.policy === b.policy && a.accessToken === b.accessToken && sameChanges(a.changes, b.changes);
}
