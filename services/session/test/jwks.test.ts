import { ask, freePort, testAuthority } from '@gatehouse/testing';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, type StartedTokens, startTokens } from './token-rig.ts';

let rig: StartedTokens;
let open: StartedTokens;
let url: string;
let openUrl: string;
let authority: Awaited<ReturnType<typeof testAuthority>>;

const startAt = async (transport: string) => {
  const port = await freePort();
  const env = {
    GATEHOUSE_SESSION_HTTP_LISTEN: `127.0.0.1:${port}`,
    GATEHOUSE_SESSION_HTTP_TRANSPORT: transport,
  };
  return { rig: await startTokens({ env }), port };
};

beforeAll(async () => {
  authority = await testAuthority();
  const [mutual, plain] = await Promise.all([startAt('mtls'), startAt('plaintext')]);
  rig = mutual.rig;
  url = `https://localhost:${mutual.port}/.well-known/jwks.json`;
  open = plain.rig;
  openUrl = `http://127.0.0.1:${plain.port}/.well-known/jwks.json`;
});
afterAll(async () => {
  await open.stop();
  await rig.stop();
});

describe('/.well-known/jwks.json', () => {
  it('gives the key set of the RPC, byte for byte, with how long it may be kept', async () => {
    const { json } = await rig.keySet();
    const reply = await ask(url, {}, await authority.issue('edge/envoy'));
    expect(reply).toMatchObject({
      status: 200,
      body: json,
      headers: {
        'content-type': 'application/jwk-set+json',
        'cache-control': 'public, max-age=300',
        etag: expect.stringMatching(/^"[A-Za-z0-9_-]{43}"$/),
        'content-length': String(json.length),
      },
    });
  });

  it('sends nothing to who has it already, until it changes', async () => {
    const envoy = await authority.issue('edge/envoy');
    const etag = (await ask(url, {}, envoy)).headers.etag ?? '';
    const again = await ask(url, { headers: { 'if-none-match': etag } }, envoy);
    expect(again).toMatchObject({ status: 304, body: '', headers: { etag, 'cache-control': 'public, max-age=300' } });
    await rig.keys.rotateSigningKey({});
    const changed = await ask(url, { headers: { 'if-none-match': etag } }, envoy);
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it('answers HEAD as GET, without the body', async () => {
    const envoy = await authority.issue('edge/envoy');
    const [{ headers: get, body }, head] = [await ask(url, {}, envoy), await ask(url, { method: 'HEAD' }, envoy)];
    expect(head).toMatchObject({ status: 200, body: '' });
    for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) {
      expect(head.headers[name]).toBe(get[name]);
    }
    expect(Number(head.headers['content-length'])).toBe(Buffer.byteLength(body));
  });

  it('takes no other method', async () => {
    const envoy = await authority.issue('edge/envoy');
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await ask(url, { method }, envoy)).status).toBe(405);
  });

  it('is refused to peers that may not ask the RPC', async () => {
    expect((await ask(url, {}, await authority.issue('session'))).status).toBe(403);
  });

  it('is all that a verifier needs that knows nothing of us', async () => {
    const token = await open.issue((await open.create()).sessionToken);
    const keys = createRemoteJWKSet(new URL(openUrl));
    await expect(jwtVerify(token, keys, { issuer: ISSUER, audience: 'shop', typ: 'at+jwt' })).resolves.toBeDefined();
  });
});
