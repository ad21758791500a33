#!/usr/bin/env node
// Every npm script starts here, and `npx gatehouse`, on whatever Node the machine has, possibly with nothing installed yet. So this folder is
// plain JavaScript, and what it imports before the packages are there is Node's. It makes sure that what the command needs is there, and then becomes
// the command, on the Node that package.json pins.
import { join } from 'node:path';
import { COMMANDS, entryOf, pinnedNode } from './commands.mjs';
import { ensureGenerated } from './generated.mjs';
import { readArguments } from './help.mjs';
import { ensurePackages } from './packages.mjs';
import { become, fail, say } from './processes.mjs';

const root = join(import.meta.dirname, '..', '..');
const asked = readArguments(process.argv.slice(2), root);

/** Becomes the command. */
async function run({ command, args, showsHelp }) {
  await ensurePackages(root);
  await ensureGenerated(root, { force: command === 'generate' });
  // Imported now, because it uses one of the packages.
  const { ensureStores } = await import('./stores.mjs');
  await ensureStores(root, showsHelp ? [] : COMMANDS[command].stores);
  // What starts from here keeps what Node compiles, so that the next start need not: five services are a lot of modules.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node');
  const entry = entryOf(command, args);
  if (entry !== undefined) {
    const [script, ...rest] = entry;
    // What users name on the command line of authz is a file of theirs, seen from where they typed it.
    const cwd = command === 'authz' ? (process.env.INIT_CWD ?? process.cwd()) : root;
    const options = { cwd, parentChannel: command === 'up' };
    process.exitCode = await become(pinnedNode(root), [join(root, script), ...rest], options);
  }
}

if (asked.command === undefined) {
  // What somebody asked for is the output; what went wrong is none of it.
  if (asked.code === 0) process.stdout.write(`${asked.text}\n`);
  else say(asked.text);
  process.exitCode = asked.code;
} else {
  await run(asked).catch(fail);
}
