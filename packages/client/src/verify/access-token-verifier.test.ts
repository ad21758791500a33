import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  AUDIENCE,
  CLAIMS,
  encode,
  forge,
  forgeText,
  ISSUED_AT,
  ISSUER,
  newSigningKey,
} from '../../test/forge-token.ts';
import { createAccessTokenVerifier, type PublicKey } from './access-token-verifier.ts';

const key = newSigningKey();
const otherKey = newSigningKey();
const stranger = newSigningKey();
const known = new Map<string, PublicKey>([
  [key.kid, key.publicKey],
  [otherKey.kid, otherKey.publicKey],
]);
const at = (seconds: number) => () => new Date(seconds * 1000);

function verifier(options: Partial<Parameters<typeof createAccessTokenVerifier>[0]> = {}) {
  return createAccessTokenVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: (kid) => known.get(kid),
    now: at(ISSUED_AT + 1),
    ...options,
  });
}
const verify = (token: string) => verifier().verify(token);
/** For tokens that have to be refused before anybody looks for a key. */
const verifyKeyless = (token: string) =>
  verifier({
    keys: () => {
      throw new Error('The key was asked for.');
    },
  }).verify(token);
const refused = (reason: string) => expect.objectContaining({ name: 'AccessTokenError', reason });
const INVALID = refused('ACCESS_TOKEN_INVALID');
const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: key.kid };

describe('a good token', () => {
  it('says whose it is', async () => {
    await expect(verify(forge(key))).resolves.toEqual({ ...CLAIMS, aud: [AUDIENCE] });
  });

  it('of the library jose is one as well', async () => {
    const token = await new SignJWT({ ...CLAIMS, more: { of: ['anything'] } })
      .setProtectedHeader(HEADER)
      .sign(key.privateKey);
    await expect(verify(token)).resolves.toMatchObject({ sub: CLAIMS.sub });
  });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/at+JWT'])('may have the type %s', async (typ) => {
    await expect(verify(forge(key, { header: { typ } }))).resolves.toBeDefined();
  });

  it('needs no claim that it can do without', async () => {
    const { nbf: _nbf, auth_time: _time, amr: _amr, acr: _acr, ...few } = CLAIMS;
    await expect(verify(forgeText(JSON.stringify(HEADER), JSON.stringify(few), key.privateKey))).resolves.toEqual({
      ...few,
      aud: [AUDIENCE],
    });
  });

  it('is verified with the key that it names, and that key may come later', async () => {
    const keys = async (kid: string) => known.get(kid);
    await expect(verifier({ keys }).verify(forge(otherKey))).resolves.toBeDefined();
  });

  it.each([
    ['one of several', ['shop', AUDIENCE], AUDIENCE],
    ['for one of several', AUDIENCE, ['billing', AUDIENCE]],
  ])('may be for an audience that is %s', async (_what, aud, audience) => {
    await expect(verifier({ audience }).verify(forge(key, { claims: { aud } }))).resolves.toBeDefined();
  });

  it('has two signatures that are equally good, so its text is no name for it', async () => {
    const token = forge(key);
    const other = withOtherS(token);
    expect(other).not.toBe(token);
    await expect(verify(other)).resolves.toEqual(await verify(token));
  });
});

describe('an attack on the signature', () => {
  const good = forge(key);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const spki = key.publicKey.export({ format: 'der', type: 'spki' });
  const point = Buffer.concat([Buffer.of(4), coordinate('x'), coordinate('y')]);

  it.each([
    ['none', { alg: 'none' }, ''],
    ['None', { alg: 'None' }, ''],
    ['none with a signature', { alg: 'none' }, signature],
    ['an empty signature', {}, ''],
    ['zeros', {}, encode(Buffer.alloc(64))],
    ['DER', {}, encode(sign('sha256', Buffer.from(`${header}.${payload}`), key.privateKey))],
    ['the first half', {}, signature.slice(0, 43)],
    ['96 bytes', {}, encode(randomBytes(96))],
    ['63 bytes', {}, encode(randomBytes(63))],
    ['random bytes', {}, encode(randomBytes(64))],
  ])('is refused: %s', async (_what, change, forged) => {
    const start = encode(JSON.stringify({ ...HEADER, ...change }));
    await expect(verify(`${start}.${payload}.${forged}`)).rejects.toEqual(INVALID);
  });

  it.each([
    ['DER', spki],
    ['PEM', Buffer.from(key.publicKey.export({ format: 'pem', type: 'spki' }))],
    [
      'PEM without its last line end',
      Buffer.from(String(key.publicKey.export({ format: 'pem', type: 'spki' })).trimEnd()),
    ],
    ['JWK', Buffer.from(JSON.stringify(key.publicKey.export({ format: 'jwk' })))],
    ['the point', point],
    ['its x', coordinate('x')],
    ['nothing', Buffer.alloc(0)],
  ])('with HMAC and the public key as the secret is refused: %s', async (_what, secret) => {
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS512', 'sha512'],
      ['ES256', 'sha512'],
    ] as const) {
      const input = `${encode(JSON.stringify({ ...HEADER, alg }))}.${payload}`;
      const mac = createHmac(hash, secret).update(input).digest('base64url');
      await expect(verify(`${input}.${mac}`)).rejects.toEqual(INVALID);
    }
  });

  it('by another algorithm is refused, whatever key it names', async () => {
    for (const alg of [
      'ES384',
      'ES256K',
      'RS256',
      'PS256',
      'EdDSA',
      'HS256',
      'es256',
      'ES256 ',
      '',
      null,
      256,
      ['ES256'],
    ]) {
      await expect(verifyKeyless(forge(key, { header: { alg } }))).rejects.toEqual(INVALID);
    }
  });

  it('by a key that the token brings along or points to is refused', async () => {
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    for (const extra of [
      { jwk },
      { jku: 'https://evil.test/jwks.json' },
      { x5u: 'https://evil.test/cert' },
      { x5c: [spki.toString('base64')] },
      { x5t: 'AAAA' },
      { 'x5t#S256': 'AAAA' },
      { crit: ['exp'] },
      { crit: [] },
      { b64: false, crit: ['b64'] },
      { b64: true },
      { zip: 'DEF' },
      { cty: 'JWT' },
      { enc: 'A256GCM' },
      { anything: 1 },
    ]) {
      await expect(verify(forge(key, { header: extra }))).rejects.toEqual(INVALID);
      await expect(verify(forge({ ...stranger, kid: key.kid }, { header: extra }))).rejects.toEqual(INVALID);
    }
  });

  it('with a key of somebody else under the id of ours, or ours under the id of another, is refused', async () => {
    await expect(verify(forge({ ...stranger, kid: key.kid }))).rejects.toEqual(INVALID);
    await expect(verify(forge({ ...key, kid: otherKey.kid }))).rejects.toEqual(INVALID);
    await expect(verify(forge(stranger))).rejects.toEqual(refused('ACCESS_TOKEN_UNKNOWN_KEY'));
  });

  it('with parts of another token is refused', async () => {
    const [otherHeader = '', otherPayload = ''] = forge(key, { claims: { sub: 'somebody-else' } }).split('.');
    await expect(verify(`${header}.${otherPayload}.${signature}`)).rejects.toEqual(INVALID);
    await expect(verify(`${otherHeader}.${payload}.${signature}`)).resolves.toBeDefined();
    expect(otherHeader).toBe(header);
  });

  function coordinate(name: 'x' | 'y'): Buffer {
    return Buffer.from(key.publicKey.export({ format: 'jwk' })[name] ?? '', 'base64url');
  }
});

describe('an attack on the form', () => {
  const good = forge(key);
  const [header = '', payload = '', signature = ''] = good.split('.');

  it.each([
    ['nothing', ''],
    ['dots', '..'],
    ['four dots', '....'],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`],
    ['five parts, as JWE has', `${good}..`],
    ['no header', `.${payload}.${signature}`],
    ['no payload', `${header}..${signature}`],
    ['a space before it', ` ${good}`],
    ['a space after it', `${good} `],
    ['a line end after it', `${good}\n`],
    ['a line end in it', `${header}\n.${payload}.${signature}`],
    ['a carriage return in it', `${header}.${payload}\r.${signature}`],
    ['a NUL after it', `${good}\0`],
    ['padding of the header', `${header}=.${payload}.${signature}`],
    ['padding of the payload', `${header}.${payload}==.${signature}`],
    ['padding of the signature', `${good}==`],
    ['percent signs', `${good}%3D`],
    ['a scheme', `Bearer ${good}`],
    ['the other base64 alphabet', good.replaceAll('-', '+').replaceAll('_', '/').replace(signature, '+'.repeat(86))],
    ['letters of another alphabet', good.replace('A', 'Ａ')],
    ['a JWS in JSON', JSON.stringify({ protected: header, payload, signature })],
  ])('is refused: %s', async (_what, token) => {
    await expect(verifyKeyless(token)).rejects.toEqual(INVALID);
  });

  it.each([undefined, null, 1, {}, [good], Buffer.from(good)])('is refused, and breaks nothing: %s', async (token) => {
    await expect(verifyKeyless(token as unknown as string)).rejects.toEqual(INVALID);
  });

  it('by bits that decoding drops is refused, in each part', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const next = (part: string) => part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1];
    let tried = 0;
    for (const filler of ['', 'a', 'ab', 'abc']) {
      const token = forge(key, { claims: { filler } });
      const parts = token.split('.');
      for (const [index, part] of parts.entries()) {
        const twin = next(part);
        if (!Buffer.from(twin, 'base64url').equals(Buffer.from(part, 'base64url'))) continue;
        tried += 1;
        await expect(verifyKeyless(parts.with(index, twin).join('.'))).rejects.toEqual(INVALID);
      }
      await expect(verify(token)).resolves.toBeDefined();
    }
    expect(tried).toBeGreaterThan(4);
  });

  it('by anything after its end is refused, however long it is', async () => {
    for (const filler of ['', 'a', 'ab', 'abc']) {
      for (const more of [' ', '\n', '.', '=', 'A', '\0']) {
        await expect(verifyKeyless(forge(key, { claims: { filler } }) + more)).rejects.toEqual(INVALID);
      }
    }
  });

  it('by size is refused before it is looked at', async () => {
    const filled = (length: number) => forge(key, { claims: { filler: 'a'.repeat(length) } });
    await expect(verify(filled(1_000))).resolves.toBeDefined();
    await expect(verifyKeyless(filled(4_000))).rejects.toEqual(INVALID);
    await expect(verify('a'.repeat(50_000_000))).rejects.toEqual(INVALID);
  });

  it.each(['', 'JWT', 'at+jwt ', 'logout+jwt', 'application/jwt', 'text/at+jwt', 1, null, undefined])(
    'by the type %j is refused',
    async (typ) => {
      await expect(verify(forge(key, { header: { typ } }))).rejects.toEqual(INVALID);
    },
  );

  it.each(['', 'a b', '../../etc/passwd', `'; drop table`, 'k'.repeat(65), 1, null, undefined, ['k']])(
    'by the key id %j is refused without asking for the key',
    async (kid) => {
      const keys = () => {
        throw new Error('asked');
      };
      await expect(verifier({ keys }).verify(forge(key, { header: { kid } }))).rejects.toEqual(INVALID);
    },
  );

  it.each([
    ['a list', '[]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['a number', '1'],
    ['nothing', ' '],
    ['half an object', '{"iss":'],
    ['two objects', `${JSON.stringify(CLAIMS)}{}`],
    ['a byte order mark', `\uFEFF${JSON.stringify(CLAIMS)}`],
    ['a comment', `${JSON.stringify(CLAIMS)}//`],
    ['single quotes', "{'iss':'x'}"],
    ['deep lists', `{"a":${'['.repeat(1_200)}${']'.repeat(1_200)}}`],
    ['deep objects', `${'{"a":'.repeat(400)}1${'}'.repeat(400)}`],
    ['no UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')])],
    ['overlong UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xc0, 0xaf), Buffer.from('"}')])],
    ['UTF-16', Buffer.from(JSON.stringify(CLAIMS), 'utf16le')],
  ])('by a payload that is %s is refused', async (_what, text) => {
    await expect(verifyKeyless(forgeText(JSON.stringify(HEADER), text, key.privateKey))).rejects.toEqual(INVALID);
    await expect(verifyKeyless(forgeText(text, JSON.stringify(CLAIMS), key.privateKey))).rejects.toEqual(INVALID);
  });

  it('by claims that are good but for what they also hold is refused', async () => {
    const claims = JSON.stringify(CLAIMS).slice(0, -1);
    const depth = (levels: number) => `${claims},"more":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    await expect(verify(forgeText(JSON.stringify(HEADER), depth(3), key.privateKey))).resolves.toBeDefined();
    const invalidUtf8 = Buffer.concat([Buffer.from(`${claims},"more":"`), Buffer.of(0xff), Buffer.from('"}')]);
    for (const text of [depth(4), depth(1_000), invalidUtf8]) {
      await expect(verifyKeyless(forgeText(JSON.stringify(HEADER), text, key.privateKey))).rejects.toEqual(INVALID);
    }
  });

  it.each([
    ['twice the same', '"sub":"mallory",'],
    ['an escaped letter', '"\\u0073ub":"mallory",'],
    ['all letters escaped', '"\\u0073\\u0075\\u0062":"mallory",'],
    ['an escaped capital hexadecimal', '"s\\u0075b":"mallory",'],
    ['white space around it', ' "sub" : "mallory" , '],
    ['an audience twice', `"aud":"everybody",`],
    ['an expiry twice', '"exp":9999999999,'],
    ['a member inside another', '"more":{"a":1,"\\u0061":2},'],
    ['a member inside a list', '"more":[{"a":1,"a":2}],'],
    ['a name with a quote in it', '"a\\"b":1,"a\\u0022b":2,'],
    ['__proto__ twice', '"__proto__":{},"__proto__":{},'],
  ])('by a claim that is there twice is refused: %s', async (_what, extra) => {
    const claims = JSON.stringify(CLAIMS).replace('{', `{${extra}`);
    expect(() => JSON.parse(claims)).not.toThrow();
    await expect(verifyKeyless(forgeText(JSON.stringify(HEADER), claims, key.privateKey))).rejects.toEqual(INVALID);
  });

  it.each(['"alg":"none",', '"\\u0061lg":"ES256",', '"k\\u0069d":"other",'])(
    'by a header member that is there twice is refused: %s',
    async (extra) => {
      const header = JSON.stringify(HEADER).replace('{', `{${extra}`);
      await expect(verifyKeyless(forgeText(header, JSON.stringify(CLAIMS), key.privateKey))).rejects.toEqual(INVALID);
    },
  );

  it('does not take quotes, brackets and commas inside of strings for more than they are', async () => {
    const text = '","sub":"mallory","x":["{\\\\';
    await expect(verify(forge(key, { claims: { text, list: [text, { sub: 'x' }] } }))).resolves.toMatchObject({
      sub: CLAIMS.sub,
    });
  });

  it('takes no claim from a prototype', async () => {
    const { sub: _sub, ...rest } = CLAIMS;
    const claims = JSON.stringify(rest).replace('{', '{"__proto__":{"sub":"mallory"},');
    await expect(verifyKeyless(forgeText(JSON.stringify(HEADER), claims, key.privateKey))).rejects.toEqual(INVALID);
  });
});

describe('the claims', () => {
  it.each(['iss', 'sub', 'sid', 'aud', 'exp', 'iat', 'jti'])('have to hold %s', async (name) => {
    await expect(verify(forge(key, { claims: { [name]: undefined } }))).rejects.toEqual(INVALID);
    for (const wrong of [null, '', {}, true, [[]], [1]]) {
      await expect(verify(forge(key, { claims: { [name]: wrong } }))).rejects.toEqual(INVALID);
    }
  });

  it.each([
    ['sub', 7],
    ['sub', ['x']],
    ['sub', 'x'.repeat(513)],
    ['sub', '\ud800'],
    ['aud', []],
    ['aud', [AUDIENCE, 1]],
    ['aud', Array.from({ length: 33 }, () => AUDIENCE)],
    ['nbf', '1900000000'],
    ['nbf', null],
    ['auth_time', 'yesterday'],
    ['amr', 'pwd'],
    ['amr', [1]],
    ['acr', 2],
  ])('have to have their types: %s is not %j', async (name, value) => {
    await expect(verify(forge(key, { claims: { [name]: value } }))).rejects.toEqual(INVALID);
  });

  it.each(['https://gatehouse.test/', 'https://GATEHOUSE.test', 'http://gatehouse.test', 'https://evil.test'])(
    'are of our issuer and not of %s',
    async (iss) => {
      await expect(verify(forge(key, { claims: { iss } }))).rejects.toEqual(refused('ACCESS_TOKEN_WRONG_ISSUER'));
    },
  );

  it.each(['Orders', 'orders ', 'order', ['shop', 'billing'], 'shop'])('are for us and not for %j', async (aud) => {
    await expect(verify(forge(key, { claims: { aud } }))).rejects.toEqual(refused('ACCESS_TOKEN_WRONG_AUDIENCE'));
  });

  it.each([
    ['exp', String(CLAIMS.exp)],
    ['exp', 1e300],
    ['exp', -1],
    ['exp', 0],
    ['exp', CLAIMS.exp + 0.5],
    ['exp', CLAIMS.iat],
    ['exp', CLAIMS.iat - 1],
    ['exp', CLAIMS.iat + 3_601],
    ['exp', 253_402_300_800],
    ['auth_time', 253_402_300_800],
    ['iat', String(CLAIMS.iat)],
    ['iat', -1],
    ['iat', CLAIMS.iat + 0.5],
    ['nbf', CLAIMS.exp],
    ['nbf', -1],
    ['nbf', 1.5],
  ])('have sane times: %s is not %j', async (name, value) => {
    await expect(verify(forge(key, { claims: { [name]: value } }))).rejects.toEqual(INVALID);
  });

  it('end after they begin, also without nbf', async () => {
    for (const exp of [CLAIMS.iat, CLAIMS.iat - 1]) {
      await expect(verify(forge(key, { claims: { exp, nbf: undefined } }))).rejects.toEqual(INVALID);
    }
  });

  it.each(['NaN', '1e999', '-0', '"NaN"', '0x7fffffff', '1900000300n', 'Infinity'])(
    'have times that are numbers: exp is not %s',
    async (text) => {
      const claims = JSON.stringify(CLAIMS).replace(String(CLAIMS.exp), text);
      await expect(verify(forgeText(JSON.stringify(HEADER), claims, key.privateKey))).rejects.toEqual(INVALID);
    },
  );
});

describe('the time', () => {
  const { iat, exp } = CLAIMS;
  const token = forge(key);
  const when = (seconds: number, clockToleranceSeconds?: number) =>
    verifier({
      now: at(seconds),
      ...(clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds }),
    }).verify(token);
  const EXPIRED = refused('ACCESS_TOKEN_EXPIRED');
  const EARLY = refused('ACCESS_TOKEN_NOT_YET_VALID');

  it('is over with exp and the tolerance', async () => {
    await expect(when(exp + 4.999)).resolves.toBeDefined();
    await expect(when(exp + 5)).rejects.toEqual(EXPIRED);
    await expect(when(exp - 0.001, 0)).resolves.toBeDefined();
    await expect(when(exp, 0)).rejects.toEqual(EXPIRED);
    await expect(when(exp + 59, 60)).resolves.toBeDefined();
  });

  it('begins with iat and nbf less the tolerance', async () => {
    await expect(when(iat - 5)).resolves.toBeDefined();
    await expect(when(iat - 5.001)).rejects.toEqual(EARLY);
    await expect(when(iat - 1, 0)).rejects.toEqual(EARLY);
    await expect(verifier({ now: at(iat - 60) }).verify(forge(key, { claims: { nbf: iat - 90 } }))).rejects.toEqual(
      EARLY,
    );
    const later = forge(key, { claims: { nbf: iat + 60 } });
    await expect(verifier({ now: at(iat + 54) }).verify(later)).rejects.toEqual(EARLY);
    await expect(verifier({ now: at(iat + 55) }).verify(later)).resolves.toBeDefined();
  });

  it('of a broken clock lets nothing pass', async () => {
    const now = () => new Date(Number.NaN);
    await expect(verifier({ now }).verify(token)).rejects.toEqual(EARLY);
  });

  it('has a tolerance from 0 to 60 seconds', () => {
    for (const clockToleranceSeconds of [-1, 61, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => verifier({ clockToleranceSeconds })).toThrow(RangeError);
    }
  });
});

describe('the keys', () => {
  const token = forge(key);

  it('that can not be had are told apart from a key that is not there', async () => {
    const cause = new Error('the network is down');
    for (const keys of [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ]) {
      await expect(verifier({ keys }).verify(token)).rejects.toMatchObject({ reason: 'KEYS_UNAVAILABLE', cause });
    }
    await expect(verifier({ keys: () => undefined }).verify(token)).rejects.toEqual(
      refused('ACCESS_TOKEN_UNKNOWN_KEY'),
    );
  });

  it.each([
    ['a secret', createSecretKey(randomBytes(32))],
    ['another curve', createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)],
    ['RSA', createPublicKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
  ])('that are none of P-256 verify nothing: %s', async (_what, wrong) => {
    await expect(verifier({ keys: () => wrong }).verify(token)).rejects.toEqual(
      expect.objectContaining({ name: 'AccessTokenError' }),
    );
  });

  it('are not asked for because of a token that is refused anyway', async () => {
    let asked = 0;
    const keys = () => {
      asked += 1;
      return undefined;
    };
    const strict = verifier({ keys });
    for (const claims of [{ iss: 'x' }, { aud: 'x' }, { exp: ISSUED_AT - 1, iat: ISSUED_AT - 2 }, { iat: 'x' }]) {
      await expect(strict.verify(forge(stranger, { claims }))).rejects.toBeDefined();
    }
    expect(asked).toBe(0);
  });
});

it('a verifier without an issuer or an audience is not made', () => {
  expect(() => verifier({ issuer: '' })).toThrow(RangeError);
  for (const audience of ['', [], [AUDIENCE, '']]) expect(() => verifier({ audience })).toThrow(RangeError);
});

it('an error holds nothing of the token', async () => {
  const token = forgeText(JSON.stringify(HEADER), '{"secret-thing":', key.privateKey);
  const error = await verify(token).catch((thrown: unknown) => thrown as Error);
  expect(`${JSON.stringify(error)} ${error} ${(error as Error).stack}`).not.toContain('secret-thing');
});

/** The other signature: s and the order of the group less s verify alike. */
function withOtherS(token: string): string {
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = order - BigInt(`0x${bytes.toString('hex', 32)}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${header}.${payload}.${other.toString('base64url')}`;
}
