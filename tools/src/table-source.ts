import type { Problem } from './problem.ts';
import { findText, listFiles } from './source-tree.ts';

/** A problem with a table, at the line of the migration that creates it where that can be found. */
export async function tableProblem(root: string, service: string, table: string, message: string): Promise<Problem> {
  const creates = new RegExp(
    `create\\s+(?:(?:unlogged\\s+)?table|materialized\\s+view)\\s+(?:if\\s+not\\s+exists\\s+)?(?:${service}\\.)?${table}\\b(?!\\.)`,
    'i',
  );
  const text = `${service}.${table} ${message}`;
  for (const file of await listFiles(root, `services/${service}/migrations`)) {
    const sql = (await findText(root, file)) ?? '';
    const at = sql.search(creates);
    if (at >= 0) return { file, line: sql.slice(0, at).split('\n').length, message: text };
  }
  return { file: `services/${service}/migrations`, message: text };
}
