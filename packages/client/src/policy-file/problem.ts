import { PROBLEMS_MAX } from './limits.ts';

/** What kind of problem it is. The codes are contract, to branch on and to search for. */
export type ProblemCode =
  | 'FILE_TOO_LARGE'
  | 'YAML_SYNTAX'
  | 'YAML_UNSUPPORTED'
  | 'DUPLICATE_KEY'
  | 'UNKNOWN_KEY'
  | 'MISSING_KEY'
  | 'WRONG_TYPE'
  | 'WRONG_VALUE'
  | 'BAD_NAME'
  | 'TOO_MANY'
  | 'UNKNOWN_PARENT'
  | 'UNKNOWN_PERMISSION'
  | 'UNKNOWN_ROLE'
  | 'ROLE_CYCLE'
  | 'ROLE_TOO_DEEP'
  | 'DUPLICATE_VALUE'
  | 'BAD_CONDITION'
  | 'EXCLUSION_IMPOSSIBLE'
  | 'EXCLUSION_BROKEN';

/** What a file may mean otherwise than its author thinks. The codes are contract, as those of problems are. */
export type WarningCode = 'DENIAL_WITHOUT_CONDITION';

/** Where something stands in a file. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** Something that is wrong with a file, and where. */
export interface Problem extends Place {
  readonly code: ProblemCode;
  /** A sentence. */
  readonly message: string;
}

/** Something of a file that is not wrong but deserves a look, and where. */
export interface Warning extends Place {
  readonly code: WarningCode;
  /** A sentence or two. */
  readonly message: string;
}

/** Where in a text something begins: an offset in UTF-16 code units. */
export type Offset = number;

/** Collects what is wrong with a text, up to PROBLEMS_MAX problems. */
export interface Problems<Code = ProblemCode> {
  add(offset: Offset, code: Code, message: string): void;
  /** Whether there are any. */
  readonly any: boolean;
  /** In the order of the text. */
  list(): readonly (Place & { readonly code: Code; readonly message: string })[];
}

export function collectProblems<Code = ProblemCode>(text: string): Problems<Code> {
  const found: { offset: Offset; code: Code; message: string }[] = [];
  return {
    add(offset, code, message) {
      if (found.length < PROBLEMS_MAX) found.push({ offset, code, message });
    },
    get any() {
      return found.length > 0;
    },
    list() {
      const placeOf = placesIn(text);
      return found
        .toSorted((a, b) => a.offset - b.offset)
        .map(({ offset, code, message }) => ({ ...placeOf(offset), code, message }));
    },
  };
}

/** Tells line and column of an offset. */
export function placesIn(text: string): (offset: Offset) => Place {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
