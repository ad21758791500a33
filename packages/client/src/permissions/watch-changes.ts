import type {
  WatchChangesAnswer,
  WatchChangesRequest,
  WatchChangesResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { ServiceError } from '@grpc/grpc-js';
import { toGatehouseError } from '../channel/error-details.ts';
import type { GatehouseError } from '../gatehouse-error.ts';
import { createFreshnessProof } from '../watch/freshness-proof.ts';

/** A watch on all changes of grants and of the model, kept open as far as that is possible. */
export interface ChangeWatch {
  /** Whether every change that was made more than the bound ago has been heard. */
  isCurrent(nowMs: number): boolean;
  /** Whether what is read from now on may be kept: changes are being heard. */
  readonly isHearing: boolean;
  stop(): void;
}

/** The part of a stream in both directions that a watch needs. */
export interface ChangeStream {
  write(request: WatchChangesRequest): unknown;
  cancel(): void;
  on(event: 'data', listener: (response: WatchChangesResponse) => void): unknown;
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

export interface ChangeWatchOptions {
  readonly open: () => ChangeStream;
  readonly heartbeatMs: number;
  readonly boundMs: number;
  readonly nowMs: () => number;
  /** A user's grants have changed, or for an empty id the model; the revision is that after the change. */
  readonly changed: (userId: string, revision: bigint) => void;
  /** Changes may have been missed: whatever was read before must be forgotten. */
  readonly reset: () => void;
  /** From now on, or again, changes are heard. */
  readonly hearing: () => void;
  /** The database's time, told in answer to what was asked at `sentAtMs`. */
  readonly heardTime: (databaseTimeMs: number, sentAtMs: number, nowMs: number) => void;
  readonly onWarning: (error: Error) => void;
}

const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 2_000;
/** A stream that proves nothing for this many bounds is given up for another, which may lead to another instance. */
const PATIENCE_BOUNDS = 2;
/** With these a token is of no use any more. */
const TOKEN_IS_SPENT = ['RESUME_TOKEN_EXPIRED', 'RESUME_TOKEN_INVALID'];

/**
 * Watches for changes. Every `heartbeatMs` it asks the service how fresh its knowledge is. When the stream breaks, or for too
 * long proves nothing, it is opened again where it broke off, with a growing pause in between; nothing is missed then, and
 * what was read before is as good as it was. Only when the service can't tell what was missed must it be forgotten.
 */
export function watchChanges(options: ChangeWatchOptions): ChangeWatch {
  const { heartbeatMs, boundMs, nowMs, onWarning } = options;
  const proof = createFreshnessProof();
  let stream: ChangeStream | undefined;
  let resumeToken = '';
  let isHearing = false;
  let isStopped = false;
  let backoffMs = BACKOFF_MS;
  /** When the stream last gave a sign that it gets anywhere. */
  let aliveAtMs = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  let reopening: NodeJS.Timeout | undefined;

  const open = () => {
    const opened = options.open();
    stream = opened;
    aliveAtMs = nowMs();
    opened.on('data', (response) => stream === opened && hear(response));
    opened.on('error', (error) => stream === opened && lose(toGatehouseError(error)));
    opened.on('end', () => stream === opened && lose(new Error('The service has ended the watch on changes.')));
    ask(resumeToken);
    // After a stall of this process answers may wait in the socket, which is read before an immediate runs.
    heartbeat = setInterval(() => setImmediate(beat), heartbeatMs);
  };
  const ask = (from = '') => void stream?.write({ question: proof.ask(nowMs()), resumeToken: from });
  const beat = () => {
    if (!stream) return;
    const waitedMs = nowMs() - Math.max(aliveAtMs, proof.provenAtMs);
    if (waitedMs > PATIENCE_BOUNDS * boundMs + heartbeatMs) lose(new Error('The watch on changes proves nothing.'));
    else ask();
  };
  const hear = ({ event }: WatchChangesResponse) => {
    if (event?.$case === 'answer') return learn(event.value);
    if (event?.$case !== 'changes') return;
    // What was missed is still being told, and that may be much.
    if (!isHearing) aliveAtMs = nowMs();
    for (const { userId, revision } of event.value.changes) options.changed(userId, revision);
  };
  const learn = ({ question, stalenessMs, resumeToken: token, databaseTime }: WatchChangesAnswer) => {
    // Without a token it proves nothing yet.
    if (token === '') return;
    if (!isHearing) {
      // What was read before the service began to tell of changes may be out of date without notice.
      if (resumeToken === '') options.reset();
      isHearing = true;
      options.hearing();
    }
    resumeToken = token;
    const now = nowMs();
    const sentAtMs = proof.answered(question, stalenessMs);
    if (sentAtMs !== undefined && databaseTime) options.heardTime(databaseTime.getTime(), sentAtMs, now);
    if (now - proof.provenAtMs < boundMs) backoffMs = BACKOFF_MS;
  };
  const leave = () => {
    const left = stream;
    stream = undefined;
    isHearing = false;
    clearInterval(heartbeat);
    proof.lost();
    left?.cancel();
  };
  const lose = (error: Error | GatehouseError) => {
    leave();
    if (isStopped) return;
    if ('reason' in error && TOKEN_IS_SPENT.includes(error.reason)) {
      resumeToken = '';
      options.reset();
    }
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
      options.reset();
    },
  };
}
