import type { AccessRule, Peer } from '@gatehouse/rpc';

/** A request for a route. */
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

/** A request with a body. */
export interface JsonRequest extends RouteRequest {
  /** What the body says (RFC 8259). Names in an object are unique; nothing is nested deeper than JSON_DEPTH_MAX. */
  readonly json: unknown;
}

/** An answer, whole. The server adds the length of the body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A path, or several, of the HTTP server. */
export type HttpRoute = GetRoute | PostRoute;

/** A path that is read, with GET and HEAD. A body is refused. */
export interface GetRoute extends RouteBase {
  readonly method: 'GET';
  /** Throws a Failure `unavailable`, which the server answers with 503, when it can't tell. */
  readonly handle: (request: RouteRequest) => HttpAnswer | Promise<HttpAnswer>;
}

/** A path that is asked with POST and a body in JSON. */
export interface PostRoute extends RouteBase {
  readonly method: 'POST';
  /** Longest body. One that is longer is refused before it is read whole. */
  readonly bodyBytesMax: number;
  /** Throws as that of a GetRoute. */
  readonly handle: (request: JsonRequest) => HttpAnswer | Promise<HttpAnswer>;
}

interface RouteBase {
  /** As metrics and logs call it. */
  readonly name: string;
  /** Who may ask, where peers are known. */
  readonly access: AccessRule;
  /** Whether a path without its query is this route's. */
  readonly matches: (path: string) => boolean;
}
