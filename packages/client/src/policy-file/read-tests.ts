import { canonicalAddress } from '@gatehouse/verify';
import { ANY, canonicalPermission, type Model, type Question, splitPermission } from '../policy/index.ts';
import { didYouMean } from './did-you-mean.ts';
import { type FieldReader, shown } from './fields.ts';
import { CHECKS_OF_TEST_MAX, NAME_CHARACTERS_MAX, TESTS_MAX } from './limits.ts';
import type { PolicyTest, TestCheck } from './policy.ts';
import type { Offset, Place } from './problem.ts';
import { readGrants, readScope } from './read-grants.ts';
import { readTime } from './read-time.ts';
import type { Value } from './read-yaml.ts';

/** When the checks of a test are made that does not say so: 2026-01-01T00:00:00Z. */
export const DEFAULT_NOW_MS = Date.UTC(2026, 0, 1);

const CHECK_KEYS = ['user', 'permission', 'resource', 'context', 'expect'];

/** What tests refer to. */
interface Declared {
  readonly model: Model;
  readonly permissions: ReadonlySet<string>;
  readonly placeOf: (offset: Offset) => Place;
}

export function readTests(reader: FieldReader, value: Value | undefined, declared: Declared): readonly PolicyTest[] {
  const names = new Set<string>();
  return (reader.items(value, 'tests', TESTS_MAX) ?? []).flatMap((item) => {
    const fields = reader.fields(item, 'A test', ['name', 'now', 'grants', 'checks'], ['name', 'checks']);
    if (!fields) return [];
    const of = (key: string) => fields.get(key)?.value;
    const name = reader.text(of('name'), 'The name of a test', NAME_CHARACTERS_MAX) ?? '';
    if (names.has(name)) {
      reader.problems.add(of('name')?.at ?? item.at, 'DUPLICATE_VALUE', `Two tests are called ${shown(name)}.`);
    }
    if (fields.has('name')) names.add(name);
    const nowMs = readTime(reader, of('now'), 'now') ?? DEFAULT_NOW_MS;
    const grants = readGrants(reader, of('grants'), declared.model);
    const checks = (reader.items(of('checks'), 'checks', CHECKS_OF_TEST_MAX) ?? []).flatMap(
      (check) => readCheck(reader, check, nowMs, declared) ?? [],
    );
    return [{ name, grants, checks }];
  });
}

function readCheck(reader: FieldReader, value: Value, nowMs: number, declared: Declared): TestCheck | undefined {
  const fields = reader.fields(value, 'A check', CHECK_KEYS, ['user', 'permission', 'expect']);
  if (!fields) return undefined;
  const of = (key: string) => fields.get(key)?.value;
  const expected = reader.text(of('expect'), 'expect');
  if (expected !== undefined && expected !== 'allowed' && expected !== 'denied') {
    const message = `expect is allowed or denied, not ${shown(expected)}.`;
    reader.problems.add(of('expect')?.at ?? value.at, 'WRONG_VALUE', message);
  }
  return {
    place: declared.placeOf(value.at),
    question: {
      ...readContext(reader, of('context')),
      nowMs,
      userId: reader.text(of('user'), 'The user of a check', NAME_CHARACTERS_MAX) ?? '',
      permission: readPermission(reader, of('permission'), declared.permissions),
      resource: readScope(reader, of('resource'), 'The resource of a check'),
    },
    expectsAllowed: expected === 'allowed',
  };
}

/** A permission that no name of the file stands for is a slip, which a check that expects a denial would hide. */
function readPermission(reader: FieldReader, value: Value | undefined, declared: ReadonlySet<string>): string {
  const given = reader.text(value, 'The permission of a check');
  if (given === undefined) return '';
  const at = value?.at ?? 0;
  const name = canonicalPermission(given);
  if (name === undefined) {
    reader.problems.add(at, 'BAD_NAME', `A check is about one permission, resource:action, not ${shown(given)}.`);
    return given;
  }
  const { resource, action } = splitPermission(name);
  const known = [name, `${resource}:${ANY}`, `${ANY}:${action}`, `${ANY}:${ANY}`].some((each) => declared.has(each));
  if (!known) {
    const message = `There is no permission ${shown(name)}.${didYouMean(name, declared)}`;
    reader.problems.add(at, 'UNKNOWN_PERMISSION', message);
  }
  return name;
}

type Context = Pick<Question, 'ip' | 'authenticationLevel' | 'resourceAttributes' | 'attributes'>;

function readContext(reader: FieldReader, value: Value | undefined): Context {
  const known = ['ip', 'authentication_level', 'resource', 'attributes'];
  const fields = value && reader.fields(value, 'The context of a check', known);
  const of = (key: string) => fields?.get(key)?.value;
  const record = (key: string) =>
    Object.fromEntries(
      (reader.entries(of(key), `${key} of a context`) ?? []).map((each) => [each.key, toJson(each.value)]),
    );
  const ip = reader.text(of('ip'), 'ip of a context') ?? '';
  return {
    ip: canonicalAddress(ip) ?? ip,
    authenticationLevel: reader.count(of('authentication_level'), 'authentication_level of a context') ?? 0,
    resourceAttributes: record('resource'),
    attributes: record('attributes'),
  };
}

function toJson(value: Value): unknown {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(toJson);
  return Object.fromEntries(value.entries.map((entry) => [entry.key, toJson(entry.value)]));
}
