import { Counter, Histogram, type Logger, type Registry } from '@gatehouse/process';
import { status } from '@grpc/grpc-js';
import type { Method } from '../method.ts';
import type { Interceptor } from './index.ts';

export interface ObserveOptions {
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Upper bounds in seconds: from a hit in memory to a password hash in a queue. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts and times every call under the names that gRPC dashboards know, and logs it in one line. */
export function observe({ logger, registry }: ObserveOptions): Interceptor {
  const labels = ['grpc_service', 'grpc_method', 'grpc_type'] as const;
  const handled = new Counter({
    name: 'grpc_server_handled_total',
    help: 'Calls that have ended, by status code.',
    labelNames: [...labels, 'grpc_code'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'grpc_server_handling_seconds',
    help: 'Seconds from the request to the end of the call.',
    labelNames: [...labels],
    buckets: SECONDS,
    registers: [registry],
  });
  const labelsOf = memo((method: Method) => ({
    grpc_service: method.service,
    grpc_method: method.name,
    grpc_type: method.kind,
  }));
  const timers = memo((method: Method) => seconds.labels(labelsOf(method)));
  const counters = memo((method: Method) =>
    memo((code: number) => handled.labels({ ...labelsOf(method), grpc_code: codeName(code) })),
  );
  return {
    name: 'observe',
    after(call, { code, reason, error }) {
      const ms = performance.now() - call.startedAt;
      timers(call.definition).observe(ms / 1000);
      counters(call.definition)(code).inc();
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
  return code === status.OK && method.readOnly ? 'debug' : 'info';
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

function memo<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) {
      value = make(key);
      made.set(key, value);
    }
    return value;
  };
}
