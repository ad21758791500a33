import { type MigratedSchemas, readMigratedSchemas } from './migrated-schemas.ts';
import type { Problem } from './problem.ts';
import { findText } from './source-tree.ts';
import { parseTableComment } from './table-comment.ts';
import { tableProblem } from './table-source.ts';

/** Kept by the migration runner for itself: a row for each migration, for ever. */
const RUNNERS_TABLE = 'schema_migrations';

/** What runs beside every service and is no job of its own, and the one table that each of them empties. */
const BESIDE_EVERY_SERVICE: ReadonlyMap<string, string> = new Map([
  ['outbox-relay', 'outbox'],
  ['sweep-idempotency-keys', 'idempotency_keys'],
]);

/**
 * Checks that every table says in its comment how long its rows live, and that the job it names is there. Migrates the
 * services itself when it is not given their schemas.
 */
export async function checkRetention(root: string, migrated?: MigratedSchemas): Promise<Problem[]> {
  const { schemas, failures } = migrated ?? (await readMigratedSchemas(root));
  const problems = schemas.flatMap(({ service, tables }) =>
    tables
      .filter(({ name }) => name !== RUNNERS_TABLE)
      .map(async ({ name, comment }) => {
        const message = await retentionProblem(root, service, name, comment ?? '');
        return message === undefined ? [] : [await tableProblem(root, service, name, message)];
      }),
  );
  return [...failures, ...(await Promise.all(problems)).flat()];
}

async function retentionProblem(
  root: string,
  service: string,
  table: string,
  comment: string,
): Promise<string | undefined> {
  const { retention } = parseTableComment(comment);
  if (retention === undefined) {
    return 'has no comment that goes on with "rows live <how long>" or "rows leave by <job> after <how long>"';
  }
  if (retention.kind === 'live') return undefined;
  const emptied = BESIDE_EVERY_SERVICE.get(retention.job);
  if (emptied !== undefined) {
    return table === emptied ? undefined : `names ${retention.job}, which empties only ${emptied}`;
  }
  const job = `services/${service}/src/jobs/${retention.job}.ts`;
  return (await findText(root, job)) === undefined
    ? `names the job ${retention.job}, and there is no ${job}`
    : undefined;
}
