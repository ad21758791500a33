import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting, Call } from '@gatehouse/rpc';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';

const { path, requestSerialize } = SessionServiceService.revokeSession;
const REVOKE = requestSerialize({ target: { $case: 'sessionToken', value: 'x' }, reason: 1 });

let server: Rig;
let session: ClientHttp2Session;
/** The calls that were carried out. */
let seen: Call[] = [];

const acting: Acting = {
  authenticate: async (token) => ({ userId: token, sessionId: 's' }),
  permits: async () => true,
};

beforeAll(async () => {
  server = await rig(
    {
      revokeSession: (_request, call) => {
        seen.push(call);
        return { revokedAt: undefined, consistencyToken: '' };
      },
    },
    {
      acting,
      access: { revokeSession: { peers: ['operator/*'], acting: { peers: ['app/*'], permission: 'sessions:revoke' } } },
    },
  );
  const { ca, cert, key } = server.authority.issueSync('operator/alice');
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  // So that it sends a header several times. The types know it of servers only.
  const lenient = { strictSingleValueFields: false };
  session = connect(`https://localhost:${server.server.port}`, { ca: caPem, cert: certPem, key: keyPem, ...lenient });
});
afterAll(async () => {
  session?.destroy();
  await server?.stop();
});

/** Which way a call goes: past grpc-js, or through it, as one does that says how it is compressed. */
const WAYS = { 'on its stream': [], 'through grpc-js': ['grpc-encoding', 'gzip'] } as const;

/** A call of an operator, with these values of `authorization`, each character an octet. */
async function revoke(way: keyof typeof WAYS, ...values: string[]) {
  seen = [];
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(REVOKE.length, 1);
  const raw = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path', path];
  raw.push('te', 'trailers', 'content-type', 'application/grpc', ...WAYS[way]);
  for (const value of values) raw.push('authorization', value);
  const stream = session.request(raw);
  let trailers: Record<string, unknown> = {};
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.resume().end(Buffer.concat([frame, REVOKE]));
  const [headers] = await once(stream, 'response');
  if (!stream.closed) await once(stream, 'close');
  const all = { ...headers, ...trailers } as Record<string, string>;
  const details = Buffer.from(all['grpc-status-details-bin'] ?? '', 'base64').toString('latin1');
  return {
    code: Number(all['grpc-status']),
    reason: /[A-Z]+_TOKEN_[A-Z]+/.exec(details)?.[0],
    actor: seen[0]?.actor?.userId,
  };
}

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('authorization of a call %s', (way) => {
  it.each([
    ['Bearer good'],
    ['bearer good'],
    ['BEARER   good'],
    [' Bearer good '],
    ['Bearer good', 'Bearer good'],
    ['Bearer good', 'Bearer good '],
  ])('is that of the acting user: %j %j', async (...values) => {
    expect(await revoke(way, ...values)).toEqual({ code: status.OK, reason: undefined, actor: 'good' });
  });

  it('is not needed by who may do it alone', async () => {
    expect(await revoke(way)).toEqual({ code: status.OK, reason: undefined, actor: undefined });
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['SESSION_TOKEN_INVALID', ''],
    ['SESSION_TOKEN_INVALID', 'Bearer'],
    ['SESSION_TOKEN_INVALID', 'good'],
    ['SESSION_TOKEN_INVALID', 'Bearer good more'],
    ['SESSION_TOKEN_INVALID', 'Bearer\tgood'],
    ['SESSION_TOKEN_INVALID', 'Bearer good\t'],
    ['SESSION_TOKEN_INVALID', '\tBearer good'],
    ['SESSION_TOKEN_INVALID', ' '],
    ['SESSION_TOKEN_INVALID', ' good'],
    ['SESSION_TOKEN_INVALID', 'Basic dTpw '],
    ['SESSION_TOKEN_INVALID', 'Bearer\xa0good'],
    ['SESSION_TOKEN_INVALID', 'Bearer good\xe9'],
    ['SESSION_TOKEN_INVALID', 'Token good'],
    ['SESSION_TOKEN_INVALID', 'Basic dTpw'],
    ['SESSION_TOKEN_INVALID', 'Basic dTpw', 'Digest a=b'],
    ['SESSION_TOKEN_INVALID', 'Bearer good', ''],
    ['SESSION_TOKEN_INVALID', 'Bearer good', '\xff'],
    ['SESSION_TOKEN_AMBIGUOUS', 'Bearer good', 'Bearer other'],
    ['SESSION_TOKEN_AMBIGUOUS', 'Bearer good', ' Bearer other'],
    ['SESSION_TOKEN_AMBIGUOUS', 'Bearer good, Bearer other'],
    ['SESSION_TOKEN_AMBIGUOUS', 'Bearer good', 'Basic dTpw'],
    ['SESSION_TOKEN_AMBIGUOUS', 'Basic dTpw', 'Bearer good'],
  ])("is never passed over, so that the call would be the peer's own: %s %j %j", async (reason, ...values) => {
    expect(await revoke(way, ...values)).toEqual({ code: status.UNAUTHENTICATED, reason, actor: undefined });
    expect(seen).toEqual([]);
  });
});
