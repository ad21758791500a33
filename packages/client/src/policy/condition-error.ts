/** A condition can't be compiled. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  /** Where in the source it is wrong: offsets of the first character and of the one after the last. */
  readonly start: number;
  readonly end: number;

  constructor(message: string, start: number, end: number) {
    super(message);
    this.start = start;
    this.end = end;
  }
}
