import { AuditServiceService, Event, type RecordEventsRequest } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { AuthzServiceService, type CheckRequest } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { Timestamp } from '@gatehouse/proto/google/protobuf/timestamp.ts';
import { describe, expect, it } from 'vitest';
import { descriptorImage } from './descriptor-image.ts';
import { requestDecoder } from './request-decoder.ts';
import { compileRules } from './rules/compile.ts';
import { Violations } from './rules/violations.ts';

const checkOf = requestDecoder(AuthzServiceService.check) as (bytes: Buffer) => CheckRequest;
const eventsOf = requestDecoder(AuditServiceService.recordEvents) as (bytes: Buffer) => RecordEventsRequest;
const validate = compileRules(descriptorImage(), 'gatehouse.audit.v1.RecordEventsRequest');

/** A field of bytes. None here has more than 127. */
const field = (number: number, bytes: Uint8Array) =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
const textIn = (bytes: Uint8Array) => checkOf(field(1, bytes)).userId;

describe('a text in a request', () => {
  it.each(['', 'plain', 'Grüße', '\ufffd', 'a\ufffdb', '\ufeffmark', '🦉', '\uffff', '\u0000', '日本'.repeat(20)])(
    'is what its bytes say: %j',
    (text) => {
      expect(textIn(Buffer.from(text))).toBe(text);
    },
  );

  it.each([
    ['Latin-1', '70e4737377f672746572'],
    ['a byte that begins nothing', '61ff62'],
    ['a byte that goes on with nothing', '80'],
    ['the first of two bytes', '61c3'],
    ['three of four bytes', 'f09fa6'],
    ['halves of a character (CESU-8)', 'eda0bdedb880'],
    ['a form that is too long', 'c0af'],
    ['a zero that is too long (Modified UTF-8)', '61c08062'],
    ['more than U+10FFFF', 'f4908080'],
    ['U+FFFD beside what is none', 'efbfbdff'],
    ['a long one', `${'61'.repeat(100)}ff`],
  ])('is no text where they are %s', (_what, hex) => {
    const text = textIn(Buffer.from(hex, 'hex'));
    expect(text.isWellFormed()).toBe(false);
    expect(text).not.toBe('');
  });
});

describe('keys of maps', () => {
  const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', ''];

  it.each(KEYS)('are keys like any other: %j', (key) => {
    const attributes = JSON.parse(`{"${key}":"kept","a":"b"}`) as Record<string, string>;
    const event = { ...Event.decode(new Uint8Array()), attributes };
    const [decoded] = eventsOf(AuditServiceService.recordEvents.requestSerialize({ events: [event] })).events;
    expect(Object.entries(decoded?.attributes ?? {}).sort()).toEqual(Object.entries(attributes).sort());
  });

  it.each(KEYS)('of objects in objects too: %j', (key) => {
    const attributes = JSON.parse(`{"${key}":{"${key}":[{"${key}":1}]},"a":{"${key}":null}}`) as Record<
      string,
      unknown
    >;
    const context = { ip: '', authenticationLevel: 0, resourceAttributes: undefined, attributes };
    const request = { userId: '', permission: '', resource: '', consistency: undefined, context };
    const decoded = checkOf(AuthzServiceService.check.requestSerialize(request)).context?.attributes;
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(attributes));
  });

  it('are in no map that does not have them', () => {
    const { context } = checkOf(field(5, field(4, Buffer.alloc(0))));
    const [event] = eventsOf(field(1, Buffer.alloc(0))).events;
    for (const key of KEYS) {
      expect([key in (context?.attributes ?? { [key]: 1 }), key in (event?.attributes ?? { [key]: 1 })]).toEqual([
        false,
        false,
      ]);
    }
  });
});

describe('a time in a request', () => {
  const timeIn = (seconds: bigint, nanos: number) =>
    eventsOf(field(1, field(2, Timestamp.encode({ seconds, nanos }).finish())));
  const isGood = (request: RecordEventsRequest) => {
    const violations = new Violations();
    validate(request, '', violations);
    return !violations.named.some(({ field: name }) => name === 'events[0].occurred_at');
  };

  it.each([
    [253402300799n, 999_999_900, '9999-12-31T23:59:59.999Z'],
    [253402300799n, 999_999_999, '9999-12-31T23:59:59.999Z'],
    [1_764_000_000n, 999_999_999, '2025-11-24T16:00:00.999Z'],
    [0n, 1, '1970-01-01T00:00:00.000Z'],
    [-1n, 999_000_000, '1969-12-31T23:59:59.999Z'],
    [-62135596800n, 0, '0001-01-01T00:00:00.000Z'],
  ])('of %i s and %i ns is %s', (seconds, nanos, iso) => {
    const request = timeIn(seconds, nanos);
    expect(request.events[0]?.occurredAt).toEqual(new Date(iso));
    expect(isGood(request)).toBe(true);
  });

  it.each([
    [253402300800n, 0],
    [-62135596801n, 999_999_999],
    [2n ** 63n - 1n, 0],
    [-(2n ** 63n), 0],
    [0n, -1],
    [0n, 1_000_000_000],
    [0n, 2 ** 31 - 1],
    [253402300799n, 1_000_000_000],
    [-62135596800n, -1],
    [-62135596801n, 2_000_000_000],
  ])('of %i s and %i ns is none', (seconds, nanos) => {
    expect(isGood(timeIn(seconds, nanos))).toBe(false);
  });

  it('comes out as it went in, also before 1970', () => {
    for (const ms of [0, -1, -999, -1000, -1001, 1, 1_764_000_000_123, Date.parse('0001-01-01T00:00:00.001Z')]) {
      const event = { ...Event.decode(new Uint8Array()), occurredAt: new Date(ms) };
      const bytes = AuditServiceService.recordEvents.requestSerialize({ events: [event] });
      expect(eventsOf(bytes).events[0]?.occurredAt?.getTime()).toBe(ms);
    }
  });
});
