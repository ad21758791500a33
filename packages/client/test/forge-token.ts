import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A pair of keys of a curve that ES256 takes, with the id that goes with it. */
export function newSigningKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url');
  return { kid, publicKey, privateKey };
}

export type SigningKey = ReturnType<typeof newSigningKey>;

export const ISSUER = 'https://gatehouse.test';
export const AUDIENCE = 'orders';
/** Unix seconds at which the tokens of these tests are issued. */
export const ISSUED_AT = 1_900_000_000;

/** Claims of a token that is good for five minutes. */
export const CLAIMS = {
  iss: ISSUER,
  sub: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
  aud: AUDIENCE,
  exp: ISSUED_AT + 300,
  iat: ISSUED_AT,
  nbf: ISSUED_AT,
  jti: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e5f',
  sid: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4f0e',
  auth_time: ISSUED_AT - 60,
  amr: ['pwd', 'otp'],
  acr: '2',
};

/** Text or bytes as base64url. */
export function encode(part: string | Buffer): string {
  return Buffer.from(part).toString('base64url');
}

/** A token whose header and claims are any JSON text at all, signed as ES256 does it. */
export function forgeText(header: string | Buffer, claims: string | Buffer, privateKey: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${encode(sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}`;
}

/** A token, correctly signed, with what is given in place of what is good. */
export function forge(
  key: SigningKey,
  { header = {}, claims = {} }: { readonly header?: object; readonly claims?: object } = {},
): string {
  return forgeText(
    JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header }),
    JSON.stringify({ ...CLAIMS, ...claims }),
    key.privateKey,
  );
}
