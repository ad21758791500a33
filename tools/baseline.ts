import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BASELINE, buildBaseline, COMMANDS, runCommand } from './src/commands.ts';

// Makes the contract as it is the one that later changes are held against. Run it when a release goes out. A contract
// that breaks the last one is refused; who means to break it deletes the baseline first, for all reviewers to see.
const root = join(import.meta.dirname, '..');
const breaking = COMMANDS.filter(({ name }) => name === 'proto breaking');

for (const command of [...(existsSync(join(root, BASELINE)) ? breaking : []), buildBaseline(BASELINE)]) {
  const { passed, output } = await runCommand(root, command);
  if (passed) continue;
  console.error(output.trimEnd());
  process.exit(1);
}
console.log(`Wrote ${BASELINE}.`);
