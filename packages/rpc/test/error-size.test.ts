import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { Failure } from '@gatehouse/failure';
import { SessionServiceService as rpcs } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { BadRequest, ErrorInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';
import { framed, rawAnswer, rawCall, rawSession } from './raw-call.ts';

const ERROR_BYTES_MAX = 4 * 1024;
const PATHS = ['/x'.repeat(6_000), `/gatehouse.session.v1.SessionService/${'Validate'.repeat(900)}`];

let server: Rig;
let session: ClientHttp2Session;
let thrown: Failure;
let letGo = () => {};

beforeAll(async () => {
  server = await rig({
    validateSession: () =>
      new Promise((resolve) => {
        letGo = () => resolve({ session: undefined });
      }),
    createSession: () => {
      throw thrown;
    },
    // biome-ignore lint/correctness/useYield: it fails before it has anything to say.
    watchSessions: async function* () {
      throw thrown;
    },
    streamValidateSessions: {
      open: () => ({
        message: () => {
          throw thrown;
        },
      }),
    },
  });
  session = rawSession(server);
});
afterAll(async () => {
  session?.destroy();
  await server?.stop();
});

async function ask(path: string, message: Uint8Array, headers?: OutgoingHttpHeaders) {
  const stream = rawCall(session, path, headers);
  stream.end(framed(message));
  const { end, code, message: sentence } = await rawAnswer(stream);
  const details = end['grpc-status-details-bin'];
  const bytes = String(end['grpc-message'] ?? '').length + String(details ?? '').length;
  const told = details === undefined ? undefined : Status.decode(Buffer.from(String(details), 'base64'));
  const find = (type: string) => told?.details.find(({ typeUrl }) => typeUrl.endsWith(`.${type}`))?.value;
  const info = find('ErrorInfo');
  const wrong = find('BadRequest');
  return {
    code,
    sentence,
    bytes,
    message: told?.message,
    reason: info && ErrorInfo.decode(info).reason,
    metadata: info ? ErrorInfo.decode(info).metadata : {},
    fields: wrong ? BadRequest.decode(wrong).fieldViolations : [],
  };
}

const wrongFields = (count: number, text: string) =>
  Array.from({ length: count }, (_, index) => ({
    field: `list[${index}].${text}`,
    description: text,
    reason: 'WRONG',
  }));

describe('a request with much that is wrong', () => {
  it.each([
    [1, { authenticationMethods: ['WRONG 0'] }],
    [8, { authenticationMethods: Array.from({ length: 8 }, (_, index) => `WRONG ${index}`) }],
  ])('is told all of it where there is room: %i', async (count, wrong) => {
    const request = rpcs.createSession.requestSerialize({ ...CREATE, ...wrong });
    const { bytes, fields, metadata } = await ask(rpcs.createSession.path, request);
    expect(bytes).toBeLessThanOrEqual(ERROR_BYTES_MAX);
    expect([fields.length, metadata]).toEqual([count, {}]);
  });

  it('is told the first of it, and how much there is in all', async () => {
    const userIds = Array.from({ length: 99 }, (_, index) => `USER-${index}`);
    const { code, bytes, reason, sentence, message, fields, metadata } = await ask(
      rpcs.getPresence.path,
      rpcs.getPresence.requestSerialize({ userIds }),
    );
    expect([code, reason, metadata]).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID', { problems: '99' }]);
    expect(bytes).toBeLessThanOrEqual(ERROR_BYTES_MAX);
    expect(fields.length).toBeGreaterThan(10);
    expect(fields.map(({ field }) => field)).toEqual(fields.map((_, index) => `user_ids[${index}]`));
    expect(sentence).toMatch(/user_ids\[0\] must be a UUID in lower case; .*; and \d\d more\.$/);
    expect(message).toBe(sentence);
  });

  it('does not end the connection, nor the calls of others on it', async () => {
    const stream = rawCall(session, rpcs.validateSession.path);
    stream.end(framed(rpcs.validateSession.requestSerialize(VALIDATE)));
    const other = rawAnswer(stream);
    const userIds = Array.from({ length: 100 }, (_, index) => `${index}`.repeat(80));
    await ask(rpcs.getPresence.path, rpcs.getPresence.requestSerialize({ userIds }));
    letGo();
    expect((await other).code).toBe(status.OK);
  });
});

describe('a Failure', () => {
  const LARGE: [string, Failure][] = [
    ['a long sentence', new Failure('taken', 'LARGE', 'Nothing fits. '.repeat(9_000))],
    ['a sentence of many bytes', new Failure('taken', 'LARGE', '🦉'.repeat(9_000))],
    ['half a character', new Failure('taken', 'LARGE', '\ud800'.repeat(9_000))],
    ['many fields', new Failure('taken', 'LARGE', 'Wrong.', { fields: wrongFields(9_000, 'short') })],
    ['long fields', new Failure('taken', 'LARGE', 'Wrong.', { fields: wrongFields(9, 'Größe '.repeat(9_000)) })],
    ['long facts', new Failure('taken', 'LARGE', 'Wrong.', { metadata: { name: 'n'.repeat(99_000), id: '7' } })],
    [
      'all of it',
      new Failure('taken', 'LARGE', 'ä'.repeat(9_000), {
        fields: wrongFields(9_000, 'é'.repeat(300)),
        metadata: Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`fact_${index}`, 'f'.repeat(50)])),
        retryAfterMs: 1234,
      }),
    ],
  ];
  const CALLS: [string, string, Uint8Array][] = [
    ['unary', rpcs.createSession.path, rpcs.createSession.requestSerialize(CREATE)],
    ['streamed', rpcs.watchSessions.path, new Uint8Array()],
    ['both ways', rpcs.streamValidateSessions.path, rpcs.streamValidateSessions.requestSerialize(VALIDATE as never)],
  ];

  it.each(LARGE.flatMap(([what, failure]) => CALLS.map((call) => [what, failure, ...call] as const)))(
    'with %s is told within the limit and keeps its reason: %#',
    async (_what, failure, _how, path, request) => {
      thrown = failure;
      const { bytes, reason, sentence, fields, metadata } = await ask(path, request);
      expect(bytes).toBeLessThanOrEqual(ERROR_BYTES_MAX);
      expect(reason).toBe('LARGE');
      if (failure.message.length > 100) expect(sentence).toMatch(/^(Nothing|🦉|\ufffd|ä).*…$/su);
      if (failure.fields.length > 0) expect(fields.length).toBeGreaterThan(0);
      if (failure.fields.length > 9) expect(metadata).toMatchObject({ problems: '9000' });
      for (const { description } of fields) expect(description).toMatch(/^WRONG: /);
    },
  );

  it('tells facts whole or not at all', async () => {
    thrown = new Failure('taken', 'LARGE', 'Wrong.', { metadata: { name: 'n'.repeat(99_000), id: '7' } });
    const { metadata } = await ask(rpcs.createSession.path, rpcs.createSession.requestSerialize(CREATE));
    expect(metadata).toEqual({ id: '7' });
  });

  it('keeps the number of its fields when it is passed on', async () => {
    thrown = new Failure('invalid', 'LARGE', 'Wrong.', { fields: wrongFields(9_000, 'short') });
    const passedOn = await server
      .connectAs('app/test', rpcs)
      .createSession(CREATE)
      .catch((error: unknown) => error);
    expect(passedOn).toMatchObject({ reason: 'LARGE', fieldCount: 9_000 });
  });
});

describe('a call that is none of ours', () => {
  it.each([
    ...PATHS.map((path) => ['path', path, {}, status.UNIMPLEMENTED] as const),
    ['timeout', rpcs.validateSession.path, { 'grpc-timeout': `${'9'.repeat(9_000)}S` }, status.INVALID_ARGUMENT],
    ['encoding', rpcs.validateSession.path, { 'grpc-encoding': 'zip'.repeat(3_000) }, status.UNIMPLEMENTED],
    ['encoding of a stream', rpcs.watchSessions.path, { 'grpc-encoding': 'zip'.repeat(3_000) }, status.UNIMPLEMENTED],
  ] as const)('is refused in few bytes, however long its %s is', async (_what, path, headers, expected) => {
    const { code, bytes } = await ask(path, new Uint8Array(), headers);
    expect(code).toBe(expected);
    expect(bytes).toBeLessThanOrEqual(ERROR_BYTES_MAX);
    thrown = new Failure('taken', 'STILL_HERE', 'The connection is as it was.');
    expect(await ask(rpcs.createSession.path, rpcs.createSession.requestSerialize(CREATE))).toMatchObject({
      reason: 'STILL_HERE',
    });
  });
});
