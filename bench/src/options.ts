import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  readonly json: boolean;
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Sessions for the figures about many sessions. */
  readonly population: number;
  /** Users for the figure about many users. */
  readonly users: number;
  /** How often each row is measured; the one with the median ratio is told. */
  readonly rounds: number;
  /** Only rows and groups of figures whose name holds this. Empty: all. */
  readonly only: string;
  /** Whether other products are installed and measured beside ours. */
  readonly withPeers: boolean;
  /** Folder for a processor profile of each server. Undefined: none is taken. */
  readonly profiles: string | undefined;
}

const FULL = { warmUpMs: 2_000, runMs: 10_000, population: 1_000_000, users: 1_000_000 };
const QUICK = { warmUpMs: 1_000, runMs: 3_000, population: 50_000, users: 50_000 };
const ROUNDS_MAX = 10;

export const USAGE = `Usage: npm run bench -- [options]

  --quick             three seconds for each run, and fewer sessions and users
  --rounds <number>   measures each row so many times, ${ROUNDS_MAX} at most, and tells the one with the median ratio
  --only <text>       only rows, groups of figures and peers whose name holds the text
  --peers             measures other products beside ours; npm installs them for it
  --json              prints the figures as JSON, and nothing else on standard output
  --profile <folder>  leaves a processor profile of each server in the folder
  --help              prints this
`;

/** Reads the command line. Throws when it says something else. */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      peers: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new Error(`--rounds must be a whole number from 1 to ${ROUNDS_MAX}.`);
  }
  return {
    json: values.json,
    ...(values.quick ? QUICK : FULL),
    rounds,
    withPeers: values.peers,
    only: values.only,
    profiles: values.profile,
  };
}

/** What takes the same time however often rows are measured, such as making populations. */
const BESIDE_ROUNDS_MS_MAX = 40 * 60_000;
const ROUND_MS_MAX = 20 * 60_000;

/** The whole run may take this long, however slow the machine is. Milliseconds. */
export function longestMs({ rounds }: Pick<Options, 'rounds'>): number {
  return BESIDE_ROUNDS_MS_MAX + rounds * ROUND_MS_MAX;
}
