import type { Logger } from '@gatehouse/process';
import type { Connection } from './connection.ts';
import { isDemoted, isStale, translate } from './errors.ts';
import type { DatabaseMetrics } from './metrics.ts';
import type { Pool } from './pool.ts';
import type { Statement } from './statement.ts';
import { UnreadableReply } from './unreadable-reply.ts';

/** What running a statement takes besides the statement. */
export interface Execution {
  readonly pool: Pool;
  readonly metrics: DatabaseMetrics;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/** Runs one statement on a connection that the caller holds, and returns its rows. Errors arrive translated. */
export async function execute<Row extends object>(
  execution: Execution,
  connection: Connection,
  { name, text }: Statement<Row>,
  values: readonly unknown[],
): Promise<Row[]> {
  const startedAtMs = performance.now();
  try {
    const { rows } = await connection.send<Row>({ name, text, values }, execution.signal);
    execution.metrics.statementDone(name, startedAtMs, 'ok');
    return rows;
  } catch (error) {
    throw statementFailed(execution, name, startedAtMs, error);
  }
}

/** Notes that a statement failed, and returns what its caller is told. */
export function statementFailed(
  { pool, metrics, logger }: Execution,
  name: string,
  startedAtMs: number,
  error: unknown,
) {
  metrics.statementDone(name, startedAtMs, 'error');
  // Its caller hears that Postgres is unavailable; that is not what somebody has to mend.
  if (error instanceof UnreadableReply) logger.error({ err: error, statement: name }, 'a reply can not be understood');
  if (isStale(error) || isDemoted(error)) pool.renew();
  return translate(error, name);
}
