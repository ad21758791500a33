import { didYouMean } from './did-you-mean.ts';
import { DESCRIPTION_CHARACTERS_MAX } from './limits.ts';
import type { Offset, Problems } from './problem.ts';
import type { Entry, ScalarValue, Value } from './read-yaml.ts';

/** The entries of a map whose keys are known. */
export type Fields = ReadonlyMap<string, Entry>;

/**
 * Reads values of one type each, and tells what is wrong: `what` is how a sentence calls the value. Each answers with
 * undefined when the value is not of the type.
 */
export class FieldReader {
  readonly problems: Problems;

  constructor(problems: Problems) {
    this.problems = problems;
  }

  /** A map of known keys. Null is an empty one. */
  fields(value: Value, what: string, known: readonly string[], required: readonly string[] = []): Fields | undefined {
    const entries = this.entries(value, what);
    if (!entries) return undefined;
    const found = new Map<string, Entry>();
    for (const entry of entries) {
      if (known.includes(entry.key)) found.set(entry.key, entry);
      else {
        const hint = didYouMean(entry.key, known) || ` It may have ${known.join(', ')}.`;
        this.problems.add(entry.at, 'UNKNOWN_KEY', `${what} has no key ${shown(entry.key)}.${hint}`);
      }
    }
    for (const key of required) {
      if (!found.has(key)) this.problems.add(value.at, 'MISSING_KEY', `${what} has to have the key ${key}.`);
    }
    return found;
  }

  /** A map of any keys. Null is an empty one. */
  entries(value: Value | undefined, what: string, max = Number.POSITIVE_INFINITY): readonly Entry[] | undefined {
    if (value === undefined || isNull(value)) return [];
    if (value.kind !== 'map') return this.#wrong(value.at, `${what} has to be a map.`);
    return this.#bounded(value.at, value.entries, what, max);
  }

  /** Null is an empty list. */
  items(value: Value | undefined, what: string, max: number): readonly Value[] | undefined {
    if (value === undefined || isNull(value)) return [];
    if (value.kind !== 'list') return this.#wrong(value.at, `${what} has to be a list.`);
    return this.#bounded(value.at, value.items, what, max);
  }

  text(value: Value | undefined, what: string, max = DESCRIPTION_CHARACTERS_MAX): string | undefined {
    const scalar = this.textValue(value, what);
    if (!scalar) return undefined;
    if (scalar.value.length > max) {
      this.problems.add(scalar.at, 'TOO_MANY', `${what} has more than ${max} characters.`);
      return undefined;
    }
    return scalar.value;
  }

  /** Text with its place in the file. Nothing but text is text: `no`, `7` and `null` may have been meant otherwise. */
  textValue(value: Value | undefined, what: string): (ScalarValue & { readonly value: string }) | undefined {
    if (value === undefined) return undefined;
    if (value.kind === 'scalar' && typeof value.value === 'string') return { ...value, value: value.value };
    return this.#wrong(value.at, `${what} has to be text${value.kind === 'scalar' ? ', in quotes' : ''}.`);
  }

  flag(value: Value | undefined, what: string): boolean | undefined {
    if (value === undefined) return undefined;
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
    return this.#wrong(value.at, `${what} has to be true or false.`);
  }

  /** A whole number of at least 0. */
  count(value: Value | undefined, what: string): number | undefined {
    if (value === undefined) return undefined;
    if (value.kind === 'scalar' && Number.isSafeInteger(value.value) && Number(value.value) >= 0) {
      return Number(value.value);
    }
    return this.#wrong(value.at, `${what} has to be a whole number of at least 0.`);
  }

  #bounded<T>(at: Offset, all: readonly T[], what: string, max: number): readonly T[] {
    if (all.length > max) this.problems.add(at, 'TOO_MANY', `${what} may hold at most ${max}, not ${all.length}.`);
    return all.slice(0, max);
  }

  #wrong(at: Offset, message: string): undefined {
    this.problems.add(at, 'WRONG_TYPE', message);
  }
}

/** A text of a file as a sentence shows it. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function isNull(value: Value): boolean {
  return value.kind === 'scalar' && value.value === null;
}
