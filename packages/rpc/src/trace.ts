import { randomBytes } from 'node:crypto';

/** Where a call stands in a distributed trace (W3C Trace Context, section 3). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** Id of this call's own span, 16 lower-case hexadecimal digits. */
  readonly spanId: string;
  /** Span of the caller; undefined when the trace begins here. */
  readonly parentSpanId: string | undefined;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Goes on with the trace that `traceparent` names. One that is missing or breaks the specification starts a new trace. */
export function continueTrace(traceparent: unknown): TraceContext {
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  const [, version, traceId, parentSpanId, flags, rest] = match ?? [];
  const usable =
    version !== undefined &&
    version !== 'ff' &&
    !(version === '00' && rest !== undefined) &&
    traceId !== NO_TRACE &&
    parentSpanId !== NO_SPAN;
  if (!usable || traceId === undefined || flags === undefined) return startTrace();
  return { traceId, spanId: newSpanId(), parentSpanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The first span of a new trace. */
export function startTrace(): TraceContext {
  return { traceId: randomBytes(16).toString('hex'), spanId: newSpanId(), parentSpanId: undefined, sampled: false };
}

/** The `traceparent` value that a call made from inside this span sends. */
export function toTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
