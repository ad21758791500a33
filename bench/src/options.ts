import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface Options {
  readonly json: boolean;
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Sessions for the figures about many sessions. */
  readonly population: number;
  /** Only rows whose name holds this. Empty: all. */
  readonly only: string;
  /** Folder for a processor profile of each server. Undefined: none is taken. */
  readonly profiles: string | undefined;
}

export const USAGE = 'Usage: npm run bench -- [--quick] [--json] [--only <part of a row name>] [--profile <folder>]';

const FULL = { warmUpMs: 2_000, runMs: 10_000, population: 1_000_000 };
const QUICK = { warmUpMs: 1_000, runMs: 3_000, population: 50_000 };

/** Reads the command line. Throws when it says something else. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
    },
  });
  return {
    json: values.json,
    ...(values.quick ? QUICK : FULL),
    only: values.only,
    profiles: values.profile,
  };
}
