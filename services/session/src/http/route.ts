import type { AccessRule, Peer } from '@gatehouse/rpc';

/** A request for a route: without a body, because none is accepted. */
export interface RouteRequest {
  /** Path without the query, as it was sent. */
  readonly path: string;
  /** What follows the question mark; undefined where there is none. */
  readonly query: string | undefined;
  /** Names in lower case; several of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who asks. */
  readonly peer: Peer;
  /** Unix milliseconds at which the work must have ended. */
  readonly deadlineMs: number;
  /** Aborted when the caller goes away or the deadline passes. */
  readonly signal: AbortSignal;
}

/** An answer, whole. The server adds the length of the body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** One path of the HTTP server, for GET and HEAD. */
export interface HttpRoute {
  /** As metrics and logs call it. */
  readonly name: string;
  /** Who may ask, where peers are known. */
  readonly access: AccessRule;
  /** Whether a path without its query is this route's. */
  readonly matches: (path: string) => boolean;
  /** Throws a Failure `unavailable`, which the server answers with 503, when it can't tell. */
  readonly handle: (request: RouteRequest) => HttpAnswer | Promise<HttpAnswer>;
}
