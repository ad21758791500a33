import { execFileSync } from 'node:child_process';
import { seededChance } from '@gatehouse/testing/chance';
import { describe, expect, it } from 'vitest';
import { Duration, Failed, Timestamp, type Value } from '../values.ts';
import { TIME_FUNCTIONS } from './times.ts';
import { parseDuration, parseTimestamp } from './times-text.ts';

function functionOf(name: string, ...parameters: string[]) {
  const found = TIME_FUNCTIONS.find((each) => each.name === name && `${each.parameters}` === `${parameters}`);
  if (!found) throw new Error(`No ${name}(${parameters}).`);
  return found;
}

function field(name: string, text: string, zone?: string): unknown {
  const time = parseTimestamp(text) as never;
  const { call } = functionOf(name, 'timestamp', ...(zone === undefined ? [] : ['string']));
  const value = zone === undefined ? call(time) : call(time, zone as never);
  if (zone !== undefined) {
    const prepared = functionOf(name, 'timestamp', 'string').prepare?.([undefined, zone]);
    if (prepared) expect(prepared.call(time, zone as never)).toEqual(value);
  }
  return value instanceof Failed ? value.why : Number(value);
}

const FIELDS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfYear',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];
const fields = (text: string, zone?: string) => FIELDS.map((name) => field(name, text, zone)).join(' ');

describe('the fields of a time', () => {
  it.each([
    ['2009-02-13T23:31:20.123456789Z', undefined, '2009 1 13 12 43 5 23 31 20 123'],
    ['1969-12-31T23:59:59.999Z', undefined, '1969 11 31 30 364 3 23 59 59 999'],
    ['0001-01-01T00:00:00Z', undefined, '1 0 1 0 0 1 0 0 0 0'],
    ['9999-12-31T23:59:59Z', undefined, '9999 11 31 30 364 5 23 59 59 0'],
    ['2024-12-31T00:00:00Z', undefined, '2024 11 31 30 365 2 0 0 0 0'],
    ['2024-02-29T00:00:00Z', undefined, '2024 1 29 28 59 4 0 0 0 0'],
    ['2009-02-13T23:31:30Z', '', '2009 1 13 12 43 5 23 31 30 0'],
    ['2009-02-13T23:31:30Z', 'UTC', '2009 1 13 12 43 5 23 31 30 0'],
    ['2009-02-13T23:31:30Z', '+11:00', '2009 1 14 13 44 6 10 31 30 0'],
    ['2009-02-13T02:00:00Z', '-02:30', '2009 1 12 11 42 4 23 30 0 0'],
    ['2009-02-13T23:31:30Z', '02:00', '2009 1 14 13 44 6 1 31 30 0'],
    ['2009-02-13T23:31:30Z', '-00:00', '2009 1 13 12 43 5 23 31 30 0'],
    ['2009-02-13T23:31:30Z', 'Asia/Kathmandu', '2009 1 14 13 44 6 5 16 30 0'],
    ['2009-02-13T23:31:30Z', 'US/Central', '2009 1 13 12 43 5 17 31 30 0'],
    ['2009-02-13T23:31:30Z', 'australia/SYDNEY', '2009 1 14 13 44 6 10 31 30 0'],
    ['2009-02-13T23:31:30Z', 'Etc/GMT+5', '2009 1 13 12 43 5 18 31 30 0'],
    // The clocks of Berlin go from 01:59:59 to 03:00:00, and from 02:59:59 back to 02:00:00.
    ['2024-03-31T00:59:59Z', 'Europe/Berlin', '2024 2 31 30 90 0 1 59 59 0'],
    ['2024-03-31T01:00:00Z', 'Europe/Berlin', '2024 2 31 30 90 0 3 0 0 0'],
    ['2024-10-27T00:59:59Z', 'Europe/Berlin', '2024 9 27 26 300 0 2 59 59 0'],
    ['2024-10-27T01:00:00Z', 'Europe/Berlin', '2024 9 27 26 300 0 2 0 0 0'],
    // At one minute past midnight, in the middle of a quarter of an hour of UTC.
    ['2010-03-14T03:30:59Z', 'America/St_Johns', '2010 2 14 13 72 0 0 0 59 0'],
    ['2010-03-14T03:31:00Z', 'America/St_Johns', '2010 2 14 13 72 0 1 1 0 0'],
    ['2010-03-14T03:30:00Z', 'America/St_Johns', '2010 2 14 13 72 0 0 0 0 0'],
    ['2010-03-14T03:44:59Z', 'America/St_Johns', '2010 2 14 13 72 0 1 14 59 0'],
    // Before there were zones: 53 minutes and 28 seconds.
    ['1893-03-31T23:06:31Z', 'Europe/Berlin', '1893 2 31 30 89 5 23 59 59 0'],
    ['1893-03-31T23:06:32Z', 'Europe/Berlin', '1893 3 1 0 90 6 0 6 32 0'],
    ['0001-01-01T00:00:00Z', 'America/New_York', '0 11 31 30 365 0 19 3 58 0'],
    ['9999-12-31T23:59:59Z', 'Asia/Kathmandu', '10000 0 1 0 0 6 5 44 59 0'],
  ])('of %s in %s are %s', (text, zone, expected) => {
    expect(fields(text, zone)).toBe(expected);
  });

  it.each([
    'Berlin',
    'Local',
    'local',
    'Z',
    '+1:00',
    '+24:00',
    '+01:60',
    '+01',
    '+0100',
    '+01:00:00',
    'GMT+1',
    ' UTC',
    '../etc',
    'é',
  ])('%j is no zone', (zone) => {
    expect(field('getHours', '2009-02-13T23:31:30Z', zone)).toBe(`Not a time zone such as "Europe/Berlin": ${zone}`);
    const { checkLiteral } = functionOf('getHours', 'timestamp', 'string');
    expect(checkLiteral?.(1, zone)).toBe(`Not a time zone such as "Europe/Berlin": ${zone}.`);
  });

  it('cost the same whatever is remembered, and less where the zone is written down', () => {
    const { cost, prepare } = functionOf('getHours', 'timestamp', 'string');
    const time = new Timestamp(0, 0) as never;
    expect(cost?.(time, 'Europe/Vienna' as never)).toBe(1_000);
    field('getHours', '1970-01-01T00:00:00Z', 'Europe/Vienna');
    expect(cost?.(time, 'Europe/Vienna' as never)).toBe(1_000);
    expect(cost?.(time, '+02:00' as never)).toBe(20);
    expect(prepare?.([undefined, 'Europe/Vienna'])?.cost?.(time, 'Europe/Vienna' as never)).toBe(40);
    expect(prepare?.([undefined, '+02:00'])?.cost?.(time, '+02:00' as never)).toBe(20);
    expect(prepare?.([new Timestamp(0, 0), undefined])).toBeUndefined();
  });

  it('are those that Intl writes, at any second, also around each change of the clocks', () => {
    const chance = seededChance();
    const zones = ['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Monrovia'];
    for (const zone of zones) {
      const format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
      for (let round = 0; round < 300; round += 1) {
        // Often the same quarter of an hour, so that what is remembered is asked for.
        const start = chance.happens(0.5) ? 1_268_537_400 : chance.below(6_000_000_000) - 3_000_000_000;
        const seconds = start + chance.below(900);
        const time = new Timestamp(seconds, 0) as never;
        const of = (name: string) => functionOf(name, 'timestamp', 'string').call(time, zone as never) as bigint;
        const two = (value: bigint) => String(value).padStart(2, '0');
        expect(
          `${of('getMonth') + 1n}/${of('getDate')}/${of('getFullYear')}, ${two(of('getHours'))}:${two(of('getMinutes'))}:${two(of('getSeconds'))}`,
        ).toBe(format.format(seconds * 1_000));
      }
    }
  });

  it('are the same wherever the process runs', () => {
    const source = `
      import { TIME_FUNCTIONS } from ${JSON.stringify(new URL('./times.ts', import.meta.url).href)};
      import { parseTimestamp, formatTimestamp } from ${JSON.stringify(new URL('./times-text.ts', import.meta.url).href)};
      const texts = ['2024-03-31T01:30:00Z', '2024-10-27T00:30:00+02:00', '1893-03-31T23:06:31Z', '0001-01-01T00:00:00Z'];
      const out = [];
      for (const text of texts) {
        const time = parseTimestamp(text);
        out.push(formatTimestamp(time));
        for (const { parameters, call } of TIME_FUNCTIONS) {
          if (parameters[0] !== 'timestamp') continue;
          const zones = parameters.length === 1 ? [undefined] : ['', 'UTC', '-02:30', 'Europe/Berlin', 'Local'];
          for (const zone of zones) out.push(String(call(time, zone).why ?? call(time, zone)));
        }
      }
      console.log(out.join(' '));
    `;
    const outputs = ['UTC', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia'].map((TZ) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', source], { env: { TZ }, encoding: 'utf8' }),
    );
    expect(outputs[0]).toContain('2024-10-26T22:30:00Z');
    expect(new Set(outputs).size).toBe(1);
  });
});

describe('the fields of a duration', () => {
  it.each([
    ['10000s', '2 166 10000 0'],
    ['3730.321456789s', '1 62 3730 321'],
    ['-3730.5s', '-1 -62 -3730 -500'],
    ['0', '0 0 0 0'],
    ['315576000000s', '87660000 5259600000 315576000000 0'],
  ])('%s', (text, expected) => {
    const span = parseDuration(text);
    expect(span).toBeInstanceOf(Duration);
    const values = ['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'].map((name): Value | Failed =>
      functionOf(name, 'duration').call(span as never),
    );
    expect(values.join(' ')).toBe(expected);
  });
});
