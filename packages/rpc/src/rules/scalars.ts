import type { Violations } from './violations.ts';

/** gatehouse.options.v1.Rules as it is read from the descriptor image. What is not set, or zero, does not apply. */
export interface Rules {
  readonly required?: boolean;
  readonly minLen?: number;
  readonly maxLen?: number;
  readonly pattern?: string;
  readonly uuid?: boolean;
  readonly email?: boolean;
  /** Of a field on its own. */
  readonly ip?: boolean;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly gte?: bigint;
  readonly lte?: bigint;
  readonly unique?: boolean;
  readonly maxKeyLen?: number;
  readonly maxValueLen?: number;
  readonly maxDepth?: number;
  /** Whatever it is, it is for the RPC to say what it is worth. */
  readonly credential?: boolean;
  /** The value is an item of a list, so an empty one is not "not set". */
  readonly item?: boolean;
}

/** Adds what is wrong with one value to `violations`. */
export type ValueCheck = (value: unknown, field: string, violations: Violations) => void;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const EMAIL_LENGTH_MAX = 254;
const EMAIL_LOCAL_LENGTH_MAX = 64;
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/** https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, with at least one dot in the domain. */
const EMAIL = new RegExp(`^[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,${EMAIL_LOCAL_LENGTH_MAX}}@${LABEL}(?:\\.${LABEL})+$`);

/** The checks of a string. */
export function stringChecks(rules: Rules): ValueCheck {
  const tests: [test: (value: string) => boolean, description: string, reason: string][] = [];
  const { minLen, maxLen } = rules;
  if (minLen) tests.push([(v) => codePoints(v) >= minLen, `must have at least ${minLen} characters`, 'MIN_LEN']);
  // Code points are at most UTF-16 units, so most strings are judged without being walked.
  if (maxLen) {
    tests.push([
      (v) => v.length <= maxLen || codePoints(v) <= maxLen,
      `must have at most ${maxLen} characters`,
      'MAX_LEN',
    ]);
  }
  if (rules.pattern) {
    const pattern = new RegExp(`^(?:${rules.pattern})$`, 'u');
    tests.push([(v) => pattern.test(v), `must match ${rules.pattern}`, 'PATTERN']);
  }
  if (rules.uuid) tests.push([(v) => UUID.test(v), 'must be a UUID in lower case', 'UUID']);
  if (rules.email)
    tests.push([(v) => v.length <= EMAIL_LENGTH_MAX && EMAIL.test(v), 'must be an e-mail address', 'EMAIL']);
  // Postgres has no text with U+0000 in it, and no honest request either.
  tests.push([(v) => !v.includes('\0'), 'must not hold U+0000', 'NUL']);
  return (value, field, violations) => {
    const text = value as string;
    if (text === '' && !rules.item) {
      if (rules.required) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
      return;
    }
    // Most are one byte for each character, which is known without looking at them.
    if (!text.isWellFormed()) {
      violations.push({ field, description: 'must be UTF-8', reason: 'UTF8' });
      return;
    }
    for (const [test, description, reason] of tests) {
      if (!test(text)) violations.push({ field, description, reason });
    }
  };
}

/** The checks of a bytes field; undefined when there are none. */
export function bytesChecks({ required, minBytes, maxBytes, item }: Rules): ValueCheck | undefined {
  if (!required && !minBytes && !maxBytes) return undefined;
  return (value, field, violations) => {
    const { length } = value as Uint8Array;
    if (length === 0 && !item) {
      if (required) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
      return;
    }
    if (minBytes && length < minBytes) {
      violations.push({ field, description: `must have at least ${minBytes} bytes`, reason: 'MIN_BYTES' });
    }
    if (maxBytes && length > maxBytes) {
      violations.push({ field, description: `must have at most ${maxBytes} bytes`, reason: 'MAX_BYTES' });
    }
  };
}

/** The checks of a number, which ts-proto gives as number or bigint; undefined when there are none. */
export function numberChecks({ required, gte, lte }: Rules): ValueCheck | undefined {
  if (!required && gte === undefined && lte === undefined) return undefined;
  return (value, field, violations) => {
    const number = value as number | bigint;
    if (required && Number(number) === 0) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
    if (gte !== undefined && number < gte) {
      violations.push({ field, description: `must be at least ${gte}`, reason: 'GTE' });
    }
    if (lte !== undefined && number > lte) {
      violations.push({ field, description: `must be at most ${lte}`, reason: 'LTE' });
    }
  };
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
