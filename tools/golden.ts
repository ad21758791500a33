import { join } from 'node:path';
import { checkGolden, writeGolden } from './src/golden.ts';
import { toLine } from './src/problem.ts';

// Compares the schema.sql of each service with what its migrations make, or rewrites it with --write.
const root = join(import.meta.dirname, '..');

if (process.argv.includes('--write')) {
  const written = await writeGolden(root);
  console.log(written.length === 0 ? 'Every schema.sql is what the migrations make.' : `Wrote ${written.join(', ')}.`);
} else {
  const problems = await checkGolden(root);
  for (const problem of problems) console.error(toLine(problem));
  if (problems.length > 0) process.exitCode = 1;
}
