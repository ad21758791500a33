/** A condition can't be compiled. The message is a sentence that says what is wrong and, where that is known, what to write instead. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  /** Where in the source it is wrong: offsets of the first character and of the one after the last. */
  readonly start: number;
  readonly end: number;
  /** The same as people count: line and column of the first character, from 1. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, source: string, start: number, end: number) {
    super(message);
    this.start = start;
    this.end = end;
    const before = source.slice(0, start).split('\n');
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }
}
