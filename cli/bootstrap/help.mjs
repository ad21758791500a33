import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from './commands.mjs';

const HELP = ['--help', '-h'];
const VERSION = ['--version', '-V'];
/** A word that needs more changes than this to become the name of a command was not meant to be it. */
const CHANGES_MAX = 2;

/**
 * What a command line asks for: `text` to print, and the exit code; or a command to run, with its arguments. One that
 * `showsHelp` needs none of its stores.
 */
export function readArguments(argv, root) {
  const [first, ...rest] = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  if (first === undefined) return { text: helpOfAll(), code: 1 };
  if (HELP.includes(first)) return { text: helpOfAll(), code: 0 };
  if (VERSION.includes(first)) return { text: versionOf(root), code: 0 };
  if (!Object.hasOwn(COMMANDS, first)) return { text: noSuchCommand(first), code: 1 };
  const showsHelp = rest.some((argument) => HELP.includes(argument));
  const { options } = COMMANDS[first];
  if (showsHelp && options !== undefined) return { text: helpOf(first), code: 0 };
  return { command: first, args: rest, showsHelp };
}

function helpOfAll() {
  return `Usage: npx gatehouse <command> [options], or npm run <command> -- [options]

Sessions, permissions and an audit trail for your own services.

Commands:
${rows(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Options:
${rows([
  ['-h, --help', 'print this, or what a command can do: npx gatehouse <command> --help'],
  ['-V, --version', 'print the version'],
])}`;
}

function helpOf(name) {
  const { summary, options } = COMMANDS[name];
  return `Usage: npx gatehouse ${name} [options]

${summary[0].toUpperCase()}${summary.slice(1)}.

Options:
${rows([...options, ['-h, --help', 'print this']])}`;
}

function rows(pairs) {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n');
}

function versionOf(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

function noSuchCommand(word) {
  const near = Object.keys(COMMANDS)
    .map((name) => ({ name, changes: changesBetween(word, name) }))
    .filter(({ name, changes }) => changes <= CHANGES_MAX && changes < Math.max(word.length, name.length))
    .sort((one, other) => one.changes - other.changes)[0];
  const hint = near ? `Did you mean ${near.name}?` : 'npx gatehouse --help lists them.';
  return `gatehouse: there is no command ${JSON.stringify(word)}. ${hint}`;
}

/** Fewest letters to add, drop or replace, and neighbours to swap, that make one word the other. */
function changesBetween(one, other) {
  const table = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    table[row] = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      table[row][column] = Math.min(
        table[row - 1][column] + 1,
        table[row][column - 1] + 1,
        table[row - 1][column - 1] + (isSame ? 0 : 1),
        isSwap ? table[row - 2][column - 2] + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return table[one.length][other.length];
}
