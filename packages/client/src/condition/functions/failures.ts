import { Failed } from '../values.ts';

/** Most characters of what is quoted from an input. */
const QUOTED_MAX = 64;
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

/** What is wrong and with what: `Not an IP address: 10.1.2`. Where nothing is quoted, one object made once is cheaper. */
export function failedOn(sentence: string, text: string): Failed {
  return new Failed(`${sentence}: ${quoted(text)}`);
}

/** The text as it stands in an error: its first 64 characters, and a sign that there was more. */
export function quoted(text: string): string {
  if (text.length <= QUOTED_MAX) return text;
  return `${text.slice(0, QUOTED_MAX).replace(HIGH_SURROGATE, '')}…`;
}

/** What is wrong with a literal, as a sentence: what the call would fail with. */
export function problemOf(outcome: unknown): string | undefined {
  return outcome instanceof Failed ? `${outcome.why}.` : undefined;
}
