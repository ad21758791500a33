import type { FieldViolation } from '@gatehouse/failure';

/** Most violations that are kept; the others are counted. An answer has room for fewer. */
export const VIOLATIONS_MAX = 100;

/** What is wrong with one message, however many lists and maps lie in each other. */
export class Violations {
  /** The first of them, in the order of the fields. */
  readonly named: FieldViolation[] = [];
  /** All of them. */
  count = 0;

  push(violation: FieldViolation): void {
    this.count += 1;
    if (this.named.length < VIOLATIONS_MAX) this.named.push(violation);
  }

  /** Whether further ones are only counted. */
  get isFull(): boolean {
    return this.named.length >= VIOLATIONS_MAX;
  }

  /** Forgets all but the first `count`. */
  takeBack(count: number): void {
    this.count = count;
    if (this.named.length > count) this.named.length = count;
  }
}
