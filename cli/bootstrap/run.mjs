// Every npm script starts here, on whatever Node the machine has, possibly with nothing installed yet. So this folder is
// plain JavaScript, and what it imports before the packages are there is Node's. It makes sure that what the command needs is there, and then becomes
// the command, on the Node that package.json pins.
import { join } from 'node:path';
import { COMMANDS, entryOf, pinnedNode } from './commands.mjs';
import { ensureGenerated } from './generated.mjs';
import { ensurePackages } from './packages.mjs';
import { become, fail } from './processes.mjs';

const root = join(import.meta.dirname, '..', '..');
const [command, ...args] = process.argv.slice(2);

try {
  if (!(command in COMMANDS)) throw new Error(`Usage: npm run ${Object.keys(COMMANDS).join(' | ')}`);
  await ensurePackages(root);
  await ensureGenerated(root, { force: command === 'generate' });
  // Imported now, because it uses one of the packages.
  const { ensureStores } = await import('./stores.mjs');
  await ensureStores(root, COMMANDS[command].stores);
  const entry = entryOf(command, args);
  if (entry !== undefined) {
    process.exitCode = await become(pinnedNode(root), entry, { cwd: root, parentChannel: command === 'up' });
  }
} catch (error) {
  fail(error);
}
