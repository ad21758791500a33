import type { Failed, Value } from './values.ts';

/** The types that the checker knows. `dyn` goes with each of them; `list` and `map` are told apart by what they hold. */
export type TypeName =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'ip'
  | 'cidr'
  | 'type'
  | 'dyn'
  | 'list'
  | 'list<string>'
  | 'map';

/**
 * One way to call a function. The one table of them drives the checker and the evaluator alike, so that they can't
 * disagree: the evaluator picks by the types of the values what the checker picked by the types of the expressions.
 */
export interface Overload {
  /** `size`, `getHours`; an operator by its sign: `+`. */
  readonly name: string;
  /** Whether the first parameter stands before the dot. */
  readonly isMethod: boolean;
  readonly parameters: readonly TypeName[];
  readonly result: TypeName;
  /**
   * Steps that a call with these values takes, beyond the one for the call. It is paid before `call` runs, and is cheap
   * itself. Left out: none.
   */
  readonly cost?: (...values: never[]) => number;
  /** Gets values of the types of `parameters`, in their order. Never throws. */
  readonly call: (...values: never[]) => Value | Failed;
  /**
   * Looks at an argument that is written down as a literal, when the expression is compiled: what is wrong with it, as a
   * sentence, so that a slip shows then. `index` counts `parameters`.
   */
  readonly checkLiteral?: (index: number, value: Value) => string | undefined;
  /**
   * The same call where some arguments are written down as literals: what they alone decide is worked out when the
   * expression is compiled. Gets `undefined` for what is not a literal; gives what stands in for `cost` and `call`, which
   * still get all values, or undefined where nothing is gained. Only called with literals that `checkLiteral` passes.
   */
  readonly prepare?: (literals: readonly (Value | undefined)[]) => Pick<Overload, 'cost' | 'call'> | undefined;
}
