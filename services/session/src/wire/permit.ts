import { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { type HeaderChanges, type Headers, headerChanges, sameChanges } from '../domain/edge-request.ts';
import { toCheckResponse } from './check-response.ts';
import { fromReply } from './session.ts';

/** An answer that lets a request pass, as bytes. */
export type Permit = (session: CachedSession, headers: Headers) => Buffer;

interface Remembered {
  readonly changes: HeaderChanges;
  readonly answer: Buffer;
}

/** A longer answer is made anew each time, so that what a client sends can't fill the memory. */
const REMEMBERED_BYTES_MAX = 2 * 1024;

/**
 * Makes permits. The last one of each session is remembered for as long as the cache holds the session: a client sends
 * headers that need the same changes with nearly every request, and putting the answer together costs half a call.
 */
export function permits(cookieName: string): Permit {
  const remembered = new WeakMap<CachedSession, Remembered>();
  return (session, headers) => {
    const changes = headerChanges(headers, cookieName);
    const last = remembered.get(session);
    if (last && sameChanges(last.changes, changes)) return last.answer;
    const decision = { allowed: true, session: fromReply(session.reply), changes } as const;
    const answer = Buffer.from(CheckResponse.encode(toCheckResponse(decision)).finish());
    if (answer.length <= REMEMBERED_BYTES_MAX) remembered.set(session, { changes, answer });
    return answer;
  };
}
