/** How far a backup or a drill has come. While one is pending or running, no other of its kind can start. */
export type RunStatus = 'pending' | 'running' | 'completed' | 'failed';

/** What can be run, by the name of its job. */
export type RunKind = 'run-backup' | 'run-restore-drill';

/** The request that asked for a run. The audit events of the run's end, long after it, tell the same as that of its start. */
export interface Requester {
  readonly peer: { readonly name: string; readonly address: string };
  readonly requestId: string;
  readonly trace: {
    readonly traceId: string;
    readonly spanId: string;
    readonly parentSpanId: string | undefined;
    readonly sampled: boolean;
  };
  readonly actor: { readonly userId: string; readonly sessionId: string } | undefined;
}

/** What is kept of a call as the requester of a run. */
export function requesterOf({ peer, requestId, trace, actor }: Requester): Requester {
  const { traceId, spanId, parentSpanId, sampled } = trace;
  return {
    peer: { name: peer.name, address: peer.address },
    requestId,
    trace: { traceId, spanId, parentSpanId, sampled },
    actor: actor && { userId: actor.userId, sessionId: actor.sessionId },
  };
}

/** Who it was, in the words of the audit trail: the acting user, else the peer. */
export function requestedBy({ peer, actor }: Requester): string {
  return actor ? `user:${actor.userId}` : `peer:${peer.name}`;
}

/** Why a run failed. */
export interface RunError {
  /** UPPER_SNAKE, stable. */
  readonly code: string;
  /** For people; no secret. */
  readonly message: string;
}

/** A run that was stored while the queue went out of reach. Whoever asked for it is told, so that nothing begins later. */
export const NOT_QUEUED: RunError = {
  code: 'RUN_NOT_QUEUED',
  message: 'It was not begun, because Redis, which holds the queue of runs, did not answer.',
};
