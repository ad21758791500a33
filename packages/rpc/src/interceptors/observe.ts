import { Counter, type Logger, type Registry, tallyHistogram } from '@gatehouse/process';
import { status } from '@grpc/grpc-js';
import type { Method } from '../method.ts';
import type { Interceptor } from './index.ts';

export interface ObserveOptions {
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Upper bounds in seconds: from a hit in memory to a password hash in a queue. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted of one method, apart from the registry: to find a series in it costs as much as a warm cache does. */
interface Tally {
  readonly observe: (seconds: number) => void;
  /** Calls that have ended, by status code. */
  readonly ended: (number | undefined)[];
}

/** Counts and times every call under the names that gRPC dashboards know, and logs it in one line. */
export function observe({ logger, registry }: ObserveOptions): Interceptor {
  const durations = tallyHistogram({
    name: 'grpc_server_handling_seconds',
    help: 'Seconds from the request to the end of the call.',
    buckets: SECONDS,
    registry,
  });
  const tallyOf = memo((method: Method): Tally => ({ observe: durations.series(labelsOf(method)), ended: [] }));
  new Counter({
    name: 'grpc_server_handled_total',
    help: 'Calls that have ended, by status code.',
    labelNames: ['grpc_service', 'grpc_method', 'grpc_type', 'grpc_code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [method, { ended }] of tallyOf.made) {
        for (const [code, count] of ended.entries()) {
          if (count) this.inc({ ...labelsOf(method), grpc_code: codeName(code) }, count);
        }
      }
    },
  });
  return {
    name: 'observe',
    after(call, { code, reason, error }) {
      const ms = performance.now() - call.startedAt;
      const { observe: observeSeconds, ended } = tallyOf(call.definition);
      observeSeconds(ms / 1000);
      ended[code] = (ended[code] ?? 0) + 1;
      const level = levelOf(code, call.definition);
      if (!logger.isLevelEnabled(level)) return;
      logger[level](
        {
          rpc: call.method,
          code: codeName(code),
          ...(reason ? { reason } : {}),
          ms: Math.round(ms * 1000) / 1000,
          peer: peerOf(call),
          requestId: call.requestId,
          traceId: call.trace.traceId,
          ...(code === status.INTERNAL ? { err: error } : {}),
        },
        'rpc',
      );
    },
  };
}

function levelOf(code: number, method: Method): 'debug' | 'info' | 'warn' | 'error' {
  if (code === status.INTERNAL) return 'error';
  if (code === status.UNAVAILABLE) return 'warn';
  // A stream that goes on for as long as somebody listens ends well when nobody does.
  const wentWell = code === status.OK || (code === status.CANCELLED && method.kind !== 'unary');
  return wentWell && method.readOnly ? 'debug' : 'info';
}

function peerOf(call: { readonly peer: { readonly name: string } }): string {
  try {
    return call.peer.name;
  } catch {
    // A certificate that names nobody: the refusal is what is being logged.
    return '';
  }
}

function codeName(code: number): string {
  return status[code] ?? String(code);
}

function labelsOf({ service, name, kind }: Method) {
  return { grpc_service: service, grpc_method: name, grpc_type: kind };
}

function memo<K, V>(make: (key: K) => V): ((key: K) => V) & { readonly made: ReadonlyMap<K, V> } {
  const made = new Map<K, V>();
  const find = (key: K) => {
    let value = made.get(key);
    if (value === undefined) {
      value = make(key);
      made.set(key, value);
    }
    return value;
  };
  return Object.assign(find, { made });
}
