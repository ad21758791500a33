import { Counter, Gauge, Histogram, type Registry } from '@gatehouse/process';
import type { Pool } from './pool.ts';

/** What is counted about a database. */
export interface DatabaseMetrics {
  statementDone(statementName: string, startedAtMs: number, outcome: 'ok' | 'error'): void;
  retried(): void;
}

const STATEMENT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers the metrics of one database; a registry takes those of one only. Without a registry nothing is counted. */
export function databaseMetrics(registry: Registry | undefined, pool: Pool): DatabaseMetrics {
  if (!registry) return { statementDone: () => {}, retried: () => {} };
  const registers = [registry];
  const seconds = new Histogram({
    name: 'gatehouse_postgres_statement_seconds',
    help: 'Time from sending a statement to its answer; in a transaction, to that of the last one sent with it.',
    labelNames: ['statement', 'outcome'],
    buckets: STATEMENT_SECONDS,
    registers,
  });
  const retries = new Counter({
    name: 'gatehouse_postgres_retries_total',
    help: 'Transactions that were run again because they conflicted with others.',
    registers,
  });
  new Gauge({
    name: 'gatehouse_postgres_connections',
    help: 'Open connections of the pool.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.counts.idle);
      this.set({ state: 'busy' }, pool.counts.busy);
    },
  });
  new Gauge({
    name: 'gatehouse_postgres_waiting',
    help: 'Calls that wait for a connection.',
    registers,
    collect() {
      this.set(pool.counts.waiting);
    },
  });
  return {
    statementDone: (statement, startedAtMs, outcome) => {
      seconds.observe({ statement, outcome }, (performance.now() - startedAtMs) / 1_000);
    },
    retried: () => retries.inc(),
  };
}
