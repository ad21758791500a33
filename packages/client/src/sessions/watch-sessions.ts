import type { WatchSessionsRequest, WatchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { ServiceError } from '@grpc/grpc-js';
import { toGatehouseError } from '../channel/error-details.ts';
import { createFreshnessProof } from '../watch/freshness-proof.ts';

/** A watch on all sessions, kept open as far as that is possible. */
export interface Watch {
  /** Whether every change that was made more than the bound ago has been heard. */
  isCurrent(nowMs: number): boolean;
  /** Whether what is validated from now on may be remembered: changes are being heard. */
  readonly isHearing: boolean;
  stop(): void;
}

/** The part of a stream in both directions that a watch needs. */
export interface WatchStream {
  write(request: WatchSessionsRequest): unknown;
  cancel(): void;
  on(event: 'data', listener: (response: WatchSessionsResponse) => void): unknown;
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

export interface WatchOptions {
  readonly open: () => WatchStream;
  readonly heartbeatMs: number;
  readonly boundMs: number;
  readonly nowMs: () => number;
  /** A session has changed or ended. */
  readonly changed: (sessionId: string) => void;
  /** Changes may have been missed: whatever was validated before must be forgotten. */
  readonly reset: () => void;
  readonly onWarning: (error: Error) => void;
}

const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 2_000;
/** A stream that proves nothing for this many bounds is given up for another, which may lead to another instance. */
const PATIENCE_BOUNDS = 2;

/**
 * Watches for changes of sessions. Every `heartbeatMs` it asks the service how fresh its knowledge is. When the stream
 * breaks, or for too long proves nothing, it is opened again, with a growing pause in between; each stream begins with a
 * reset, because nobody can tell what was missed.
 */
export function watchSessions(options: WatchOptions): Watch {
  const { heartbeatMs, boundMs, nowMs, onWarning } = options;
  const proof = createFreshnessProof();
  let stream: WatchStream | undefined;
  let isHearing = false;
  let isStopped = false;
  let backoffMs = BACKOFF_MS;
  let openedAtMs = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  let reopening: NodeJS.Timeout | undefined;

  const open = () => {
    const opened = options.open();
    stream = opened;
    openedAtMs = nowMs();
    opened.on('data', (response) => stream === opened && hear(response));
    opened.on('error', (error) => stream === opened && lose(toGatehouseError(error)));
    opened.on('end', () => stream === opened && lose(new Error('The service has ended the watch on sessions.')));
    ask();
    // After a stall of this process answers may wait in the socket, which is read before an immediate runs.
    heartbeat = setInterval(() => setImmediate(beat), heartbeatMs);
  };
  const ask = () => void stream?.write({ question: proof.ask(nowMs()) });
  const beat = () => {
    if (!stream) return;
    const waitedMs = nowMs() - Math.max(openedAtMs, proof.provenAtMs);
    if (waitedMs > PATIENCE_BOUNDS * boundMs + heartbeatMs) lose(new Error('The watch on sessions proves nothing.'));
    else ask();
  };
  const hear = ({ event }: WatchSessionsResponse) => {
    if (event?.$case === 'changes') return event.value.sessionIds.forEach(options.changed);
    if (event?.$case === 'reset') return options.reset();
    if (event?.$case !== 'answer') return;
    if (!isHearing) {
      // What was asked before the service began to tell of changes may be out of date without notice.
      options.reset();
      isHearing = true;
    }
    proof.answered(event.value.question, event.value.stalenessMs);
    if (nowMs() - proof.provenAtMs < boundMs) backoffMs = BACKOFF_MS;
  };
  const leave = () => {
    const left = stream;
    stream = undefined;
    isHearing = false;
    clearInterval(heartbeat);
    proof.lost();
    options.reset();
    left?.cancel();
  };
  const lose = (error: Error) => {
    leave();
    if (isStopped) return;
    onWarning(error);
    reopening = setTimeout(open, backoffMs * (0.5 + Math.random() / 2));
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
  };

  open();
  return {
    isCurrent: (now) => now - proof.provenAtMs < boundMs,
    get isHearing() {
      return isHearing;
    },
    stop() {
      isStopped = true;
      clearTimeout(reopening);
      leave();
    },
  };
}
