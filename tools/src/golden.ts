import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MigratedSchema, type MigratedSchemas, readMigratedSchemas } from './migrated-schemas.ts';
import type { Problem } from './problem.ts';
import { findText } from './source-tree.ts';

const HOW_TO_WRITE = 'node tools/golden.ts --write';

/** How many lines around the first difference are shown. */
const CONTEXT_LINES = 3;

/**
 * Checks that the schema.sql of each service is what its migrations make. Migrates the services itself when it is not
 * given their schemas.
 */
export async function checkGolden(root: string, migrated?: MigratedSchemas): Promise<Problem[]> {
  const { schemas, failures } = migrated ?? (await readMigratedSchemas(root));
  const problems = await Promise.all(schemas.map((schema) => goldenProblems(root, schema)));
  return [...failures, ...problems.flat()];
}

/** Writes the schema.sql of each service; answers with the files that changed. Throws when a migration fails. */
export async function writeGolden(root: string, migrated?: MigratedSchemas): Promise<string[]> {
  const { schemas, failures } = migrated ?? (await readMigratedSchemas(root));
  const [failure] = failures;
  if (failure !== undefined) throw new Error(`${failure.file}: ${failure.message}`);
  const written: string[] = [];
  for (const { service, dump } of schemas) {
    const file = goldenFile(service);
    if ((await findText(root, file)) === dump) continue;
    await writeFile(join(root, file), dump);
    written.push(file);
  }
  return written;
}

async function goldenProblems(root: string, { service, dump }: MigratedSchema): Promise<Problem[]> {
  const file = goldenFile(service);
  const golden = await findText(root, file);
  if (golden === dump) return [];
  if (golden === undefined) return [{ file, message: `is missing; ${HOW_TO_WRITE} makes it` }];
  const { line, text } = firstDifference(golden.split('\n'), dump.split('\n'));
  return [{ file, line, message: `is not what the migrations make; ${HOW_TO_WRITE} rewrites it\n${text}` }];
}

function firstDifference(golden: readonly string[], dump: readonly string[]): { line: number; text: string } {
  const first = golden.findIndex((line, index) => line !== dump[index]);
  const at = first < 0 ? golden.length : first;
  const show = (sign: string, lines: readonly string[]) => lines.map((line) => `  ${sign} ${line}`);
  const text = [
    ...show(' ', golden.slice(Math.max(0, at - CONTEXT_LINES), at)),
    ...show('-', golden.slice(at, at + CONTEXT_LINES)),
    ...show('+', dump.slice(at, at + CONTEXT_LINES)),
  ].join('\n');
  return { line: at + 1, text };
}

function goldenFile(service: string): string {
  return `services/${service}/schema.sql`;
}
