/**
 * How recently it is proven that every change has been heard. It holds no timer and no connection; times are
 * milliseconds of one monotonic clock.
 */
export interface FreshnessProof {
  /** The number of a question that is sent now. */
  ask(nowMs: number): bigint;
  /**
   * The server has answered: at its answer it knew of every change up to `stalenessMs` before, and everything that it knew
   * was told before the answer. So every change up to that long before the question was SENT has been heard; how long the
   * answer was under way does not matter. Returns when it was sent; undefined when it was not asked, or before the loss.
   */
  answered(question: bigint, stalenessMs: number): number | undefined;
  /** The watch is gone: nothing is proven any more, and answers to what was asked before mean nothing. */
  lost(): void;
  /** -Infinity when nothing is proven. */
  readonly provenAtMs: number;
}

/** More questions without an answer than this are not remembered; the watch is given up long before. */
const QUESTIONS_MAX = 1_000;

export function createFreshnessProof(): FreshnessProof {
  const sentAtMs = new Map<bigint, number>();
  let last = 0n;
  let provenAtMs = Number.NEGATIVE_INFINITY;
  return {
    ask(nowMs) {
      last += 1n;
      if (sentAtMs.size < QUESTIONS_MAX) sentAtMs.set(last, nowMs);
      return last;
    },
    answered(question, stalenessMs) {
      const sent = sentAtMs.get(question);
      if (sent === undefined) return undefined;
      provenAtMs = Math.max(provenAtMs, sent - stalenessMs);
      for (const number of sentAtMs.keys()) if (number <= question) sentAtMs.delete(number);
      return sent;
    },
    lost() {
      sentAtMs.clear();
      provenAtMs = Number.NEGATIVE_INFINITY;
    },
    get provenAtMs() {
      return provenAtMs;
    },
  };
}
