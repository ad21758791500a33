import type { HttpAnswer } from './route.ts';

/** Why the server answers a request by itself. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 408 | 413 | 415 | 503;
  /**
   * NOT_FOUND, METHOD_NOT_ALLOWED, PEER_NOT_ALLOWED, BODY_NOT_ACCEPTED; for a route with a body also
   * CONTENT_TYPE_NOT_ACCEPTED, BODY_TOO_LARGE, BODY_TIMEOUT, JSON_MALFORMED, JSON_NOT_UNICODE, JSON_TOO_DEEP, JSON_NAME_REPEATED; with 503
   * that of the Failure, or INTERNAL.
   */
  readonly reason: string;
  /** The same for people. It repeats nothing of the request, and nothing of what went wrong inside. */
  readonly message: string;
}

/** The form that refusals have, which depends on who reads them. */
export type RefusalForm = (refusal: Refusal) => HttpAnswer;

/** Thrown where a request can't be read. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}
