import { type Compiled, fail } from './compiled.ts';
import type { ConditionInput } from './condition-input.ts';
import { timestampFromMs } from './functions/time-arithmetic.ts';
import { pay } from './meter.ts';
import { INT, STRING, TIMESTAMP } from './types.ts';
import { Failed, type JsonObject, type Timestamp, type Value } from './values.ts';

const NOBODY: ConditionInput = {
  ip: '',
  nowMs: 0,
  authenticationLevel: 0,
  userId: '',
  permission: '',
  resource: '',
  resourceAttributes: {},
  attributes: {},
};

/** What the evaluation under way was asked with. Fields are read from it as they are needed: it is never copied. */
export const asked: { input: ConditionInput } = { input: NOBODY };

/** Afterwards nothing of the question is kept. */
export function forget(): void {
  asked.input = NOBODY;
}

const NO_LEVEL = new Failed('The authentication level is no whole number');

const NO_ADDRESS = new Failed('The address of the caller is not known');

/** The fields of `request`. */
export const REQUEST_FIELDS: ReadonlyMap<string, Compiled> = new Map<string, Compiled>([
  ['ip', { type: STRING, run: address }],
  ['time', { type: TIMESTAMP, run: time }],
  ['authentication_level', { type: INT, run: level, small: smallLevel }],
  ['user_id', { type: STRING, run: () => paid(asked.input.userId) }],
  ['permission', { type: STRING, run: () => paid(asked.input.permission) }],
  ['resource', { type: STRING, run: () => paid(asked.input.resource) }],
]);

/** Steps to make the map, beside those for each field. */
const REQUEST_STEPS = 8;

/** Whether a field of `request` is known. Only the address may not be: the others are never missing. */
export function isKnown(field: string): boolean {
  return field !== 'ip' || asked.input.ip !== '';
}

/** `request` as a whole: a map of its fields, without those that are not known. */
export function wholeRequest(): JsonObject | Failed {
  pay(REQUEST_STEPS);
  const whole: Record<string, Value> = Object.create(null);
  for (const [name, { run }] of REQUEST_FIELDS) {
    if (!isKnown(name)) continue;
    const value = run();
    if (value instanceof Failed) return value;
    whole[name] = value;
  }
  return whole;
}

/** Whoever does not tell it must get nowhere by that, so it is no text that could be compared. */
function address(): string | Failed {
  const { ip } = asked.input;
  return ip === '' ? fail(NO_ADDRESS) : paid(ip);
}

function paid(text: string): string {
  pay(1);
  return text;
}

function smallLevel(): number {
  pay(1);
  const { authenticationLevel } = asked.input;
  return Number.isSafeInteger(authenticationLevel) ? authenticationLevel : Number.NaN;
}

function level(): bigint | Failed {
  const small = smallLevel();
  return Number.isNaN(small) ? fail(NO_LEVEL) : BigInt(small);
}

function time(): Timestamp | Failed {
  pay(1);
  const now = timestampFromMs(asked.input.nowMs);
  return now instanceof Failed ? fail(now) : now;
}
