import { randomUUID } from 'node:crypto';
import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Doors, type EdgeVerdict, startDoors } from './edge-doors.ts';
import { REQUEST } from './harness.ts';

const NAME = '__Host-gatehouse_session';

let doors: Doors;
/** The cookie of who asks, and of somebody who would like to be taken for them, or them for somebody. */
let own: string;
let planted: string;
let userId: string;

beforeAll(async () => {
  doors = await startDoors();
  const create = async (of: string) => {
    const { sessionToken } = await doors.rig.identity.createSession({ ...REQUEST, userId: of });
    return `${NAME}=${sessionToken}`;
  };
  userId = randomUUID();
  own = await create(userId);
  planted = await create(randomUUID());
});
afterAll(() => doors.stop());

/** Octets of a text, as they are sent. */
const octets = (text: string) => Buffer.from(text).toString('latin1');

/** What each door says to a request with these Cookie headers. */
async function eachDoor(...cookie: string[]): Promise<EdgeVerdict[]> {
  const asked = { headers: { cookie } };
  return [await doors.grpcRaw(asked), await doors.http(asked)];
}

/** The same where both doors say the same. */
async function ask(...cookie: string[]): Promise<EdgeVerdict> {
  const [grpc, http] = await eachDoor(...cookie);
  expect(http).toEqual(grpc);
  return http ?? expect.fail();
}

const nobody = { status: 401, reason: 'SESSION_TOKEN_MISSING' };
const invalid = { status: 401, reason: 'SESSION_TOKEN_INVALID' };
const owner = (cookie: string | undefined) => ({ status: 200, upstream: { 'x-auth-subject': userId }, cookie });

describe('a cookie that was planted', () => {
  it.each<[where: string, cookie: () => string]>([
    ['behind a comma', () => `theme=dark,${planted}`],
    ['behind a comma and a space', () => `theme=dark, ${planted}`],
    ['in a quoted value', () => `theme="dark,${planted}"`],
    ['without a name', () => `=${planted}`],
    ['under a longer name', () => `a${planted}`],
    ['in lower case', () => planted.toLowerCase()],
    ['behind an octet that Latin-1 takes for a blank', () => `a=1; \xa0${planted}`],
    ['behind one that it takes for the next line', () => `a=1; \x85${planted}`],
    ['behind a blank of Unicode', () => `a=1; ${octets('\u2000')}${planted}`],
    ['behind a wide one', () => `a=1; ${octets('\u3000')}${planted}`],
    ['behind a byte order mark', () => `a=1; ${octets('\ufeff')}${planted}`],
    ['behind a separator of lines', () => `a=1; ${octets('\u2028')}${planted}`],
    ['with such an octet after its name', () => planted.replace('=', '\xa0=')],
    ['with such a blank after its name', () => planted.replace('=', `${octets('\u205f')}=`)],
  ])('%s signs nobody in, and locks nobody out', async (_where, cookie) => {
    for (const verdict of await eachDoor(cookie())) expect(verdict).toMatchObject(nobody);
    for (const verdict of await eachDoor(`${own}; ${cookie()}`)) {
      expect(verdict).toMatchObject({ status: 200, upstream: { 'x-auth-subject': userId } });
    }
  });

  it('and all that a proxy joins with a comma is no token', async () => {
    expect(await ask(`${own},theme=dark`)).toMatchObject(invalid);
    expect(await ask(`${own}, ${planted}`)).toMatchObject(invalid);
    const joined = await doors.grpc({ headers: { cookie: [own, 'theme=dark'] } });
    expect(joined).toMatchObject(invalid);
    expect(await doors.grpc({ headers: { cookie: ['theme=dark', own] } })).toMatchObject(nobody);
  });

  it('is seen where it is a second one of that very name', async () => {
    const ambiguous = { status: 401, reason: 'SESSION_TOKEN_AMBIGUOUS' };
    expect(await ask(`${own}; ${planted}`)).toMatchObject(ambiguous);
    expect(await ask(own, planted)).toMatchObject(ambiguous);
    expect(await ask(own, own)).toMatchObject(owner(undefined));
  });
});

describe('other cookies', () => {
  it.each([
    ['a list', 'prefs=a,b', 'k3=v4'],
    ['JSON', 'consent={"ads":false,"stats":true}', 'id=7'],
    ['a comma at the end', 'kti=1314271210320,http%3A%2F%2Fx%2F,', 'b=c'],
    ['quotes with a semicolon', 'o="a; b"', 'c="d e"'],
    ['odd blanks', 'a=1  ;   b=2', 'c\t=\t3'],
    ['words without a value', 'flag', 'flag2'],
    ['UTF-8', octets('a=\u20ac'), octets('\u2000b=\u{1f511}')],
  ])('reach the application as they were: %s', async (_what, before, after) => {
    expect(await ask(`${before}; ${own}; ${after}`)).toMatchObject(owner(`${before}; ${after}`));
    expect(await ask(`${own}; ${before}; ${after}`)).toMatchObject(owner(`${before}; ${after}`));
    expect(await ask(`${before}; ${after};${own}`)).toMatchObject(owner(`${before}; ${after}`));
    expect(await ask(before, own, after)).toMatchObject(owner(`${before}; ${after}`));
  });

  it('reach it as they were, whatever they hold', async () => {
    const pair = fc
      .string({ unit: fc.constantFrom(...'ab=,"\\ \t{}\xe4$'), minLength: 1, maxLength: 12 })
      .map((text) => octets(text.trim()))
      .filter((text) => text !== '');
    const others = fc.array(pair, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(others, fc.nat(), async (pairs, place) => {
        const at = place % (pairs.length + 1);
        const sent = [...pairs.slice(0, at), own, ...pairs.slice(at)].join('; ');
        expect(await ask(sent)).toMatchObject(owner(pairs.join('; ')));
      }),
      propertyRuns(300),
    );
  });

  it('with octets that no text of Envoy can hold are given back over HTTP, and not changed over gRPC', async () => {
    const asked = { headers: { cookie: `a=\xa0; ${own}; b=\xff,1; c=\xc3\xa4; d=1` } };
    expect(await doors.http(asked)).toMatchObject(owner('a=\xa0; b=\xff,1; c=\xc3\xa4; d=1'));
    expect(await doors.grpcRaw(asked)).toMatchObject(owner('c=\xc3\xa4; d=1'));
    const without = { policy: { anonymous: 'allow' }, headers: { cookie: 'a=\xa0; b=1' } };
    expect(await doors.grpcRaw(without)).toMatchObject({ status: 200, cookie: 'a=\xa0; b=1' });
  });
});
