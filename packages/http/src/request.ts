import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Failure, isFailure } from '@gatehouse/failure';
import { Histogram, type Logger, type Registry } from '@gatehouse/process';
import { matchesPeer } from '@gatehouse/rpc';
import type { CallingPeer, PeerOf } from './calling-peer.ts';
import { endLingering } from './linger.ts';
import { readJson } from './read-json.ts';
import { type Refusal, type RefusalForm, RequestRefused } from './refusal.ts';
import type { HttpAnswer, HttpRoute, RouteRequest } from './route.ts';

export interface AnsweringOptions {
  readonly routes: readonly HttpRoute[];
  readonly peerOf: PeerOf;
  readonly refusalForm: RefusalForm;
  /** Whether an answer repeats the X-Request-ID of its request. */
  readonly echoesRequestId: boolean;
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
const NOT_ASCII = /[\u0080-\u00ff]/;
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Answers requests by their routes. What may not ask, or is not what its route takes, is refused before that sees it. */
export function answering(options: AnsweringOptions): RequestListener {
  const { routes, peerOf, refusalForm, echoesRequestId, state, logger, registry } = options;
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
      send(message, response, echoesRequestId ? echoing(answer, message) : answer, old || state.draining);
      const labels = { route: route?.name ?? 'none', status: answer.status };
      seconds.observe(labels, (performance.now() - startedAt) / 1000);
      logger[answer.status >= 500 ? 'warn' : 'debug']({ ...labels, peer: peer?.name }, 'http');
    };
    answerOf(message, response, { path, query, route, peer: peerOf(message.socket) })
      .then(reply)
      .catch((error: unknown) => {
        if (error instanceof RequestRefused) return reply(refusing(refusalForm(error.refusal), route));
        if (!isFailure(error)) logger.error({ err: error, route: route?.name }, 'an HTTP request failed');
        if (!response.headersSent) reply(retrying(refusalForm(fault(error))));
      });
  };
}

interface Asked {
  readonly path: string;
  readonly query: string | undefined;
  readonly route: HttpRoute | undefined;
  readonly peer: CallingPeer | undefined;
}

async function answerOf(message: IncomingMessage, response: ServerResponse, asked: Asked): Promise<HttpAnswer> {
  const { path, query, route, peer } = asked;
  if (!route) throw refused(404, 'NOT_FOUND', 'Nothing is served under this path.');
  const { method } = message;
  if (method !== route.method && !(method === 'HEAD' && route.method === 'GET')) {
    throw refused(405, 'METHOD_NOT_ALLOWED', `This path is for ${route.method}.`);
  }
  if (route.method === 'GET' && hasBody(message)) throw refused(413, 'BODY_NOT_ACCEPTED', 'No body is accepted.');
  if (!peer || (peer.proven && !matchesPeer(peer.name, route.access.peers))) {
    throw refused(403, 'PEER_NOT_ALLOWED', 'The peer may not ask.');
  }
  const json = route.method === 'POST' ? await readJson(message, route.bodyBytesMax, peer.unfinished) : undefined;
  const controller = new AbortController();
  const { signal } = controller;
  // Node joins what it may join, so that each name has one value.
  const headers = message.headers as Readonly<Record<string, string>>;
  const deadlineMs = Date.now() + DECISION_TIMEOUT_MS;
  const request: RouteRequest = { path, query, headers, peer, deadlineMs, signal };
  const answer = route.method === 'POST' ? route.handle({ ...request, json }) : route.handle(request);
  return answer instanceof Promise ? inTime(answer, controller, response) : answer;
}

/** The answer, unless the time is up or the caller goes away before. */
async function inTime(
  answer: Promise<HttpAnswer>,
  controller: AbortController,
  response: ServerResponse,
): Promise<HttpAnswer> {
  const { signal } = controller;
  const late = () => controller.abort(new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.'));
  const gone = () => controller.abort(new Failure('cancelled', 'CANCELLED', 'The caller went away.'));
  const timer = setTimeout(late, DECISION_TIMEOUT_MS);
  response.once('close', gone);
  try {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([answer, aborted]);
  } finally {
    clearTimeout(timer);
    response.off('close', gone);
  }
}

/** Whatever kept a route from answering: never a no, and never a yes. */
function fault(error: unknown): Refusal {
  const reason = isFailure(error) ? error.reason : 'INTERNAL';
  return { status: 503, reason, message: 'The request could not be answered. Try again.' };
}

/** Which methods there are belongs to a refusal of one (RFC 9110, section 15.5.6). */
function refusing(answer: HttpAnswer, route: HttpRoute | undefined): HttpAnswer {
  if (answer.status !== 405 || !route) return answer;
  return { ...answer, headers: [...answer.headers, ['allow', route.method === 'GET' ? 'GET, HEAD' : route.method]] };
}

function retrying(answer: HttpAnswer): HttpAnswer {
  return { ...answer, headers: [...answer.headers, ['retry-after', String(RETRY_AFTER_SECONDS)]] };
}

function refused(status: Refusal['status'], reason: string, message: string): RequestRefused {
  return new RequestRefused({ status, reason, message });
}

function echoing(answer: HttpAnswer, { headers }: IncomingMessage): HttpAnswer {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? { ...answer, headers: [...answer.headers, ['x-request-id', id]] } : answer;
}

function send(message: IncomingMessage, response: ServerResponse, answer: HttpAnswer, last: boolean): void {
  const { status, headers, body } = answer;
  const isUnread = hasBody(message) && !message.readableEnded;
  const length = status === 304 ? [] : ['content-length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...headers.flat(), ...length, ...(last || isUnread ? ['connection', 'close'] : [])]);
  const text = message.method === 'HEAD' ? '' : body;
  // Node sends headers in the encoding of a text that goes with them, and as the bytes that they are before bytes.
  const content = headers.some(([, value]) => NOT_ASCII.test(value)) ? Buffer.from(text) : text;
  if (!isUnread) return void response.end(content);
  if (text === '') response.flushHeaders();
  else response.write(content);
  endLingering(message, response);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function splitUrl(url: string): [path: string, query: string | undefined] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, undefined] : [url.slice(0, mark), url.slice(mark + 1)];
}
