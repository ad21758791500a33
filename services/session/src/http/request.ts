import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Failure, isFailure } from '@gatehouse/failure';
import { Histogram, type Logger, type Registry } from '@gatehouse/process';
import { matchesPeer } from '@gatehouse/rpc';
import type { PeerOf } from './calling-peer.ts';
import type { HttpAnswer, HttpRoute } from './route.ts';

export interface AnsweringOptions {
  readonly routes: readonly HttpRoute[];
  readonly peerOf: PeerOf;
  /** While it drains, every answer closes its connection. */
  readonly state: { readonly draining: boolean };
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A proxy that waits for longer keeps its user waiting. */
const DECISION_TIMEOUT_MS = 2_000;
/** Connections end after this long, so that a certificate is looked at again, and new instances are found. */
const CONNECTION_AGE_MAX_MS = 5 * 60_000;
const RETRY_AFTER_SECONDS = 1;
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Answers requests by their routes. One that may not ask, or brings a body, is refused before its route sees it. */
export function answering({ routes, peerOf, state, logger, registry }: AnsweringOptions): RequestListener {
  const seconds = new Histogram({
    name: 'http_server_handling_seconds',
    help: 'Seconds from a request to its answer, by route and status.',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  return (message, response) => {
    const startedAt = performance.now();
    const [path, query] = splitUrl(message.url ?? '');
    const route = routes.find(({ matches }) => matches(path));
    const reply = (answer: HttpAnswer) => {
      const peer = peerOf(message.socket);
      const old = peer === undefined || startedAt - peer.sinceMs > CONNECTION_AGE_MAX_MS;
      send(message, response, answer, old || state.draining || hasBody(message));
      const labels = { route: route?.name ?? 'none', status: answer.status };
      seconds.observe(labels, (performance.now() - startedAt) / 1000);
      logger[answer.status >= 500 ? 'warn' : 'debug']({ ...labels, peer: peer?.name }, 'http');
    };
    answerOf(message, response, { path, query, route, peerOf })
      .then(reply)
      .catch((error: unknown) => {
        if (!isFailure(error)) logger.error({ err: error, route: route?.name }, 'an HTTP request failed');
        if (!response.headersSent) reply(fault(error));
      });
  };
}

interface Asked {
  readonly path: string;
  readonly query: string | undefined;
  readonly route: HttpRoute | undefined;
  readonly peerOf: PeerOf;
}

async function answerOf(message: IncomingMessage, response: ServerResponse, asked: Asked): Promise<HttpAnswer> {
  const { path, query, route } = asked;
  const peer = asked.peerOf(message.socket);
  if (!route) return refusal(404, 'NOT_FOUND');
  if (message.method !== 'GET' && message.method !== 'HEAD') return refusal(405, 'METHOD_NOT_ALLOWED');
  if (hasBody(message)) return refusal(413, 'BODY_NOT_ACCEPTED');
  if (!peer || (peer.proven && !matchesPeer(peer.name, route.access.peers))) return refusal(403, 'PEER_NOT_ALLOWED');
  const controller = new AbortController();
  const { signal } = controller;
  const late = () => controller.abort(new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.'));
  const gone = () => controller.abort(new Failure('cancelled', 'CANCELLED', 'The caller went away.'));
  const timer = setTimeout(late, DECISION_TIMEOUT_MS);
  response.once('close', gone);
  try {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    // Node joins what it may join, so that each name has one value.
    const headers = message.headers as Readonly<Record<string, string>>;
    const deadlineMs = Date.now() + DECISION_TIMEOUT_MS;
    return await Promise.race([route.handle({ path, query, headers, peer, deadlineMs, signal }), aborted]);
  } finally {
    clearTimeout(timer);
    response.off('close', gone);
  }
}

/** Whatever kept a route from answering: never a no, and never a yes. */
function fault(error: unknown): HttpAnswer {
  const answer = refusal(503, isFailure(error) ? error.reason : 'INTERNAL');
  return { ...answer, headers: [...answer.headers, ['retry-after', String(RETRY_AFTER_SECONDS)]] };
}

function refusal(status: number, reason: string): HttpAnswer {
  return {
    status,
    headers: [
      ['x-ext-auth-reason', reason],
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ],
    body: `${JSON.stringify({ reason })}\n`,
  };
}

function send(message: IncomingMessage, response: ServerResponse, answer: HttpAnswer, last: boolean): void {
  const { status, headers, body } = answer;
  const length = status === 304 ? [] : ['content-length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...headers.flat(), ...length, ...(last ? ['connection', 'close'] : [])]);
  response.end(message.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function splitUrl(url: string): [path: string, query: string | undefined] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, undefined] : [url.slice(0, mark), url.slice(mark + 1)];
}
