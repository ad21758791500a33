import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatehouseError, isRefusal } from '../src/index.ts';
import { newToken, type StandIn, startStandIn } from './stand-in.ts';

let server: StandIn;
beforeEach(async () => {
  server = await startStandIn();
});
afterEach(() => server.stop());

const pack = (type: string, bytes: Uint8Array) => ({
  typeUrl: `type.googleapis.com/google.rpc.${type}`,
  value: Buffer.from(bytes),
});

function withDetails(bytes: Buffer): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', bytes);
  return metadata;
}

/** What a call rejects with when the server answers like this. */
async function rejection(code: status, metadata = new Metadata()): Promise<GatehouseError> {
  server.answerOthers = () => ({ code, details: 'A sentence.', metadata });
  const client = server.connect({ defaults: { retries: 0 } });
  return client.sessions.revokeUser('u', 'logout').then(
    () => expect.fail('It did not reject.'),
    (error) => error,
  );
}

describe('GatehouseError', () => {
  it('holds everything that the status said', async () => {
    const fieldViolations = [{ field: 'user_id', description: 'must be a UUID' }];
    const details = [
      pack(
        'ErrorInfo',
        ErrorInfo.encode({ reason: 'WHY', domain: 'd', metadata: { revoked_reason: 'logout' } }).finish(),
      ),
      pack('BadRequest', BadRequest.encode({ fieldViolations }).finish()),
      pack('RetryInfo', RetryInfo.encode({ retryDelay: { seconds: 2n, nanos: 500_000_000 } }).finish()),
      pack('RequestInfo', RequestInfo.encode({ requestId: 'r1', servingData: '' }).finish()),
    ];
    const bytes = Buffer.from(Status.encode({ code: 3, message: 'A sentence.', details }).finish());
    const error = await rejection(status.INVALID_ARGUMENT, withDetails(bytes));
    expect(error).toBeInstanceOf(GatehouseError);
    expect(error).toMatchObject({
      name: 'GatehouseError',
      code: 'INVALID_ARGUMENT',
      reason: 'WHY',
      message: 'A sentence.',
      metadata: { revoked_reason: 'logout' },
      fields: fieldViolations,
      retryAfterMs: 2_500,
      requestId: 'r1',
    });
  });

  it.each([
    [status.UNAVAILABLE, 'UNAVAILABLE', 'SERVER_UNREACHABLE'],
    [status.INTERNAL, 'INTERNAL', 'INTERNAL'],
    [99 as status, 'UNKNOWN', 'UNKNOWN'],
  ])('has a reason also where status %i comes without one', async (code, name, reason) => {
    expect(await rejection(code)).toMatchObject({
      code: name,
      reason,
      fields: [],
      metadata: {},
      retryAfterMs: undefined,
    });
  });

  it('leaves out details that can not be read', async () => {
    for (const bytes of [Buffer.from([0xff, 0xff]), Buffer.alloc(0)]) {
      expect(await rejection(status.ABORTED, withDetails(bytes))).toMatchObject({ code: 'ABORTED', reason: 'ABORTED' });
    }
    const broken = Status.encode({ code: 3, message: '', details: [pack('ErrorInfo', Buffer.from([0xff]))] }).finish();
    expect(await rejection(status.ABORTED, withDetails(Buffer.from(broken)))).toMatchObject({ reason: 'ABORTED' });
  });

  it('tells a refusal from everything else', async () => {
    const client = server.connect();
    const refused = await client.sessions.validate(newToken()).catch((error: unknown) => error);
    expect(isRefusal(refused)).toBe(true);
    expect(isRefusal(await rejection(status.UNAVAILABLE))).toBe(false);
    expect(isRefusal(await rejection(status.PERMISSION_DENIED))).toBe(false);
    expect(isRefusal(new Error('SESSION_REVOKED'))).toBe(false);
  });

  it('says whether a caller was in a hurry or went away', async () => {
    server.answerOthers = () => undefined;
    const client = server.connect();
    const signal = AbortSignal.timeout(0);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    const late = client.sessions.revokeUser('u', 'logout', { signal });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const gone = client.sessions.revokeUser('u', 'logout', { signal: AbortSignal.abort() });
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED', reason: 'CANCELLED' });
    for (const timeoutMs of [0, -5, Number.NaN]) {
      const options = { timeoutMs };
      await expect(client.sessions.revokeUser('u', 'logout', options)).rejects.toMatchObject({
        code: 'DEADLINE_EXCEEDED',
      });
      await expect(client.sessions.validate(newToken(), options)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    }
    expect(server.calls).toEqual([]);
    expect(server.batches).toEqual([]);
  });

  it('holds nothing of a token that no header can carry', async () => {
    const client = server.connect();
    const listing = client.sessions.list({ userId: 'u' }, { actingToken: 'ghs_secret\r\nx: y' });
    const error = await listing.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'SESSION_TOKEN_INVALID' });
    expect(String(error)).not.toContain('secret');
  });
});
