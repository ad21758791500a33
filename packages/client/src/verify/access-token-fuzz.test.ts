import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AUDIENCE, CLAIMS, encode, forge, ISSUED_AT, ISSUER, newSigningKey } from '../../test/forge-token.ts';
import { AccessTokenError } from './access-token-error.ts';
import { createAccessTokenVerifier } from './access-token-verifier.ts';

const INPUTS = rounds(1_000_000);
/** One of so many inputs is wrong in nothing before its signature, which is what costs. */
const SIGNATURE_SHARE = 1024;

const { stackTraceLimit } = Error;
// Nearly every input makes an error, and nobody reads where.
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const key = newSigningKey();
const stranger = newSigningKey();
const good = forge(key);
const parts = good.split('.');
const [header = '', payload = '', signature = ''] = parts;

it(`of ${INPUTS} inputs none is accepted but the good token, and none breaks the verifier`, async () => {
  let asked = 0;
  const verifier = createAccessTokenVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: (kid) => {
      asked += 1;
      return kid === key.kid ? key.publicKey : undefined;
    },
    now: () => new Date((ISSUED_AT + 1) * 1000),
  });
  const { below } = seededChance();
  const inputs = inputsFrom(below);
  const refusals = new Map<string, number>();
  for (let count = 0; count < INPUTS; count++) {
    const input = inputs();
    const error = await verifier.verify(input).then(() => undefined, identity);
    if (error === undefined && input === good) continue;
    if (!(error instanceof AccessTokenError)) {
      expect.fail(`input ${count}: ${JSON.stringify(input)} gave ${error ?? 'an accepted token'}`);
    }
    refusals.set(error.reason, (refusals.get(error.reason) ?? 0) + 1);
  }
  // Otherwise the inputs would be so wild that the later checks were never reached.
  expect(asked).toBeGreaterThan(INPUTS / 1_000);
  for (const reason of [
    'ACCESS_TOKEN_INVALID',
    'ACCESS_TOKEN_EXPIRED',
    'ACCESS_TOKEN_NOT_YET_VALID',
    'ACCESS_TOKEN_WRONG_AUDIENCE',
    'ACCESS_TOKEN_WRONG_ISSUER',
    'ACCESS_TOKEN_UNKNOWN_KEY',
  ]) {
    expect(refusals.get(reason) ?? 0, reason).toBeGreaterThan(0);
  }
});

type Random = (below: number) => number;

/** Makes inputs of all kinds: tokens that were tampered with here and there, and text that never was one. */
function inputsFrom(random: Random): () => string {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const values = [
    'none',
    '',
    null,
    0,
    -1,
    1e99,
    1.5,
    true,
    [],
    {},
    ['x'],
    '\ud800',
    '💥',
    2_000_000_000,
    1_899_999_000,
    'x',
  ];
  const characters = ['A', 'B', '_', '-', '.', '=', ' ', '\n', '\0', '+', '/', 'é', '\ud800', '"'];

  const tampered = () => {
    const at = random(good.length);
    return pick([
      () => good.slice(0, at),
      () => good.slice(at),
      () => good.slice(0, at) + good.slice(at + 1),
      () => good.slice(0, at) + pick(characters) + good.slice(at),
      () => good.slice(0, at) + pick(characters) + good.slice(at + 1),
      () => good.slice(0, at) + good.slice(random(good.length)),
    ])();
  };
  const reordered = () => Array.from({ length: random(5) }, () => pick(parts)).join('.');
  const rewritten = () => {
    const head: Record<string, unknown> = { alg: 'ES256', typ: 'at+jwt', kid: key.kid };
    const claims: Record<string, unknown> = { ...CLAIMS };
    const target = random(4) === 0 ? head : claims;
    const names = [...Object.keys(target), 'crit', 'jwk', '__proto__'];
    for (let changes = 1 + random(2); changes > 0; changes--) target[pick(names)] = pick(values);
    const shift = random(8) === 0 ? pick([-10_000, 10_000]) : 0;
    for (const name of ['iat', 'nbf', 'exp'] as const)
      if (claims[name] === CLAIMS[name]) claims[name] = CLAIMS[name] + shift;
    return `${encode(JSON.stringify(head))}.${encode(JSON.stringify(claims))}.${signature}`;
  };
  const retexted = () => {
    const text = Buffer.from(payload, 'base64url').toString();
    const at = random(text.length);
    const insert = pick(['"', '{', '}', '[', ']', ',', ':', '\\', '\\u0073', '1', 'e', '"sub":1,', ' ', '\u0000']);
    return `${header}.${encode(text.slice(0, at) + insert + text.slice(at + random(3)))}.${signature}`;
  };
  const random64 = () => encode(Buffer.from(Array.from({ length: random(60) }, () => random(256))));
  const wild = () => Array.from({ length: random(30) }, () => String.fromCharCode(random(0x10000))).join('');
  const signed = () => {
    const other = pick([stranger, { ...stranger, kid: key.kid }]);
    return pick([
      () => good,
      () => forge(other, { claims: { [pick(Object.keys(CLAIMS))]: pick(values) } }),
      () => `${header}.${payload}.${encode(Buffer.from(Array.from({ length: 64 }, () => random(256))))}`,
    ])();
  };
  const common = [
    tampered,
    tampered,
    reordered,
    rewritten,
    retexted,
    wild,
    () => `${random64()}.${random64()}.${signature}`,
  ];
  return () => (random(SIGNATURE_SHARE) === 0 ? signed() : pick(common)());
}

function identity<T>(value: T): T {
  return value;
}
