import { pay } from './meter.ts';
import type { Type } from './types.ts';
import { Failed, type Value } from './values.ts';

/** Gives the value of an expression in the evaluation under way, and pays for it. */
export type Run = () => Value | Failed;

/** An expression that is ready to run. */
export interface Compiled {
  readonly type: Type;
  readonly run: Run;
  /** Its value, where that does not depend on anything. */
  readonly constant?: Value;
  /** The same as `run` for an int that is small, without making a bigint of it; NaN where `run` fails. */
  readonly small?: () => number;
}

/** Most characters of what is said of an error. */
export const WHY_CHARACTERS_MAX = 200;
/** Steps of an error. */
const ERROR_STEPS = 8;

/** Gives an error, and pays for it. */
export function fail(failed: Failed): Failed {
  pay(ERROR_STEPS);
  return failed;
}

export function constant(type: Type, value: Value): Compiled {
  return { type, run: () => value, constant: value };
}

/** An error for each kind of value that may come, made when the first of the kind comes. */
export function failuresByKind(
  sentence: (...kinds: readonly string[]) => string,
): (...kinds: readonly string[]) => Failed {
  // Few conditions ever need it.
  let made: Map<string, Failed> | undefined;
  return (...kinds) => {
    made ??= new Map();
    const key = kinds.join();
    const failed = made.get(key) ?? new Failed(sentence(...kinds).slice(0, WHY_CHARACTERS_MAX));
    made.set(key, failed);
    return fail(failed);
  };
}
