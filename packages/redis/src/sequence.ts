/** Why an instance forgets what it has cached: it can't know what it missed. */
export type ResetCause = 'reconnect' | 'gap' | 'back' | 'behind' | 'failover' | 'lapse' | 'malformed';

/** A question for the last number, and what was known when it was sent. */
export interface Question {
  readonly sentAtMs: number;
  readonly position: number | undefined;
}

export interface Answer {
  /** The last number that was given. */
  readonly number: number;
  /** Names the history of the server: another one begins when a replica takes over. Empty: not known. */
  readonly history: string;
}

/**
 * Follows the numbered messages of one channel and says how recently it is proven that none was missed. It holds no
 * timer and no connection; times are milliseconds of one monotonic clock.
 */
export interface Sequence {
  subscribed(atMs: number): void;
  /** The subscription is gone, or can't be trusted. Whatever comes next is preceded by a reset with this cause. */
  unsubscribed(cause: 'reconnect' | 'behind'): void;
  /** A message arrived; called before its items are looked at. */
  heard(number: number, atMs: number): void;
  ask(atMs: number): Question;
  /** The server says which number was the last when it got the question. */
  answered(question: Question, answer: Answer, atMs: number): void;
  /** A question got no answer because the connection is gone; the next server may be another one. */
  interrupted(): void;
  /** Whether a message that was sent has not arrived for longer than the grace. */
  overdue(atMs: number): boolean;
  /** When the last question was sent whose answer the subscription has caught up with; -Infinity without one. */
  readonly provenAtMs: number;
}

export interface SequenceOptions {
  readonly boundMs: number;
  /** How much later than an answer that counts it a message may arrive. */
  readonly graceMs: number;
  readonly reset: (cause: ResetCause) => void;
  /** Called after a reset that shows that the server has lost what it had: its number went back or began anew. */
  readonly lost: () => void;
}

export function followSequence({ boundMs, graceMs, reset, lost }: SequenceOptions): Sequence {
  let subscribedAtMs = Number.POSITIVE_INFINITY;
  let provenAtMs = Number.NEGATIVE_INFINITY;
  let lostBy: 'reconnect' | 'behind' = 'reconnect';
  /** Every message up to this number was heard, or all that it could concern was forgotten. Undefined: not known. */
  let position: number | undefined;
  /** The last message that was heard. Those between it and `position` may still arrive. */
  let lastHeard = 0;
  let awaited: { readonly number: number; readonly sentAtMs: number; readonly sinceMs: number } | undefined;
  let wasInterrupted = false;
  /** The last position, which outlives the subscription; 0: none of a message. */
  let reached = 0;
  let history = '';

  const startAgainFrom = (number: number, cause: ResetCause, isLoss: boolean) => {
    reset(cause);
    position = number;
    reached = number;
    awaited = undefined;
    if (isLoss) lost();
  };
  const prove = (sentAtMs: number, atMs: number) => {
    const lapsed = provenAtMs !== Number.NEGATIVE_INFINITY && atMs - provenAtMs >= boundMs;
    if (lapsed || wasInterrupted) reset('lapse');
    wasInterrupted = false;
    provenAtMs = Math.max(provenAtMs, sentAtMs);
  };

  return {
    subscribed(atMs) {
      subscribedAtMs = atMs;
      lastHeard = 0;
    },
    unsubscribed(cause) {
      lostBy = cause;
      subscribedAtMs = Number.POSITIVE_INFINITY;
      provenAtMs = Number.NEGATIVE_INFINITY;
      position = undefined;
      awaited = undefined;
    },
    heard(number, atMs) {
      const before = lastHeard;
      lastHeard = number;
      if (position === undefined) return;
      if (number <= before) startAgainFrom(number, 'back', true);
      // The first of all messages is none of a sequence that began anew.
      else if (number > Math.max(before, position) + 1) startAgainFrom(number, 'gap', position > 0);
      else position = Math.max(position, number);
      reached = position;
      if (awaited === undefined || awaited.number > position) return;
      prove(awaited.sentAtMs, atMs);
      awaited = undefined;
    },
    ask: (atMs) => ({ sentAtMs: atMs, position }),
    answered(question, { number, history: told }, atMs) {
      // An answer to a question from before the subscription does not cover what was published in between.
      if (question.sentAtMs < subscribedAtMs) return;
      const isAnother = history !== '' && told !== '' && told !== history;
      if (told !== '') history = told;
      if (position === undefined) {
        startAgainFrom(Math.max(number, lastHeard), lostBy, isAnother || number < reached);
        wasInterrupted = false;
      } else if (isAnother || (question.position !== undefined && number < question.position)) {
        // Messages overtake answers, so only what was known before the question can show that the server went back.
        startAgainFrom(number, isAnother ? 'failover' : 'back', true);
        lastHeard = 0;
      }
      if (position !== undefined && number <= position) prove(question.sentAtMs, atMs);
      else awaited ??= { number, sentAtMs: question.sentAtMs, sinceMs: atMs };
    },
    interrupted() {
      wasInterrupted = true;
    },
    overdue: (atMs) => awaited !== undefined && atMs - awaited.sinceMs >= graceMs,
    get provenAtMs() {
      return provenAtMs;
    },
  };
}
