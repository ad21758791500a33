import { randomBytes } from 'node:crypto';
import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type StreamValidateSessionsRequest,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { bidiClient, lendRedis, outboxEvents, startPostgres, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatConsistencyToken } from '../src/domain/consistency.ts';
import { STEADY, type StartedSession, startSession, tampered, untilSteady, validated } from './harness.ts';
import { privateDatabase } from './private-database.ts';

const { FRESHNESS_STRICT, FRESHNESS_BOUNDED } = Freshness;
const { REVOKED_REASON_UNSPECIFIED, REVOKED_REASON_LOGOUT } = RevokedReason;
const OK = 0;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
let rig: StartedSession;
const closes: (() => void)[] = [];

beforeAll(async () => {
  rig = await startSession({ env: STEADY });
  await untilSteady(rig);
});
afterEach(() => {
  for (const close of closes.splice(0)) close();
});
afterAll(() => rig.stop());

const request = (
  sessionToken: string,
  freshness: Freshness = FRESHNESS_BOUNDED,
  consistencyToken = '',
): StreamValidateSessionsRequest => ({ sessionToken, freshness, consistencyToken });
const refusal = (reason: string, revokedReason: RevokedReason = REVOKED_REASON_UNSPECIFIED, retryable = false) => ({
  result: { $case: 'refusal', value: { reason, retryable, revokedReason } },
});
const nobody = () => `ghs_${randomBytes(42).toString('base64url')}`;

async function open(peer = 'app/test', started = rig, headers: Record<string, string> = {}) {
  const client = await bidiClient(started.service, peer);
  closes.push(client.close);
  return client.open(SessionServiceService.streamValidateSessions, headers);
}

describe('StreamValidateSessions', () => {
  it('has one answer for each request, in their order, from memory and from the stores alike', async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, () => rig.create()));
    const revoked = await rig.create();
    const target = { $case: 'sessionToken', value: revoked.sessionToken } as const;
    await rig.app.revokeSession({ target, reason: REVOKED_REASON_LOGOUT });
    const stream = await open('app/test', rig, { 'grpc-timeout': '60S' });
    const expected: unknown[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (const [index, { sessionToken, session }] of sessions.entries()) {
        stream.send(request(sessionToken, (round + index) % 3 === 0 ? FRESHNESS_STRICT : FRESHNESS_BOUNDED));
        expected.push({ result: { $case: 'session', value: validated(session).session } });
      }
      stream.send(request(round % 2 ? nobody() : 'nonsense'));
      expected.push(refusal('SESSION_TOKEN_INVALID'));
      stream.send(request(tampered(sessions[0]?.sessionToken ?? '')));
      expected.push(refusal('SESSION_TOKEN_INVALID'));
      stream.send(request(revoked.sessionToken));
      expected.push(refusal('SESSION_REVOKED', REVOKED_REASON_LOGOUT));
    }
    stream.finish();
    expect(await stream.ended).toEqual({ code: OK, reason: '' });
    expect(stream.responses).toEqual(expected);
  });

  it('answers while it is open, and refuses a session that was revoked since', async () => {
    const { sessionToken, session } = await rig.create();
    const stream = await open();
    stream.send(request(sessionToken));
    await waitFor(() => stream.responses.length === 1, { everyMs: 1 });
    const target = { $case: 'sessionToken', value: sessionToken } as const;
    const { consistencyToken } = await rig.app.revokeSession({ target, reason: REVOKED_REASON_LOGOUT });
    stream.send(request(sessionToken, FRESHNESS_BOUNDED, consistencyToken));
    await waitFor(() => stream.responses.length === 2, { everyMs: 1 });
    expect(stream.responses).toEqual([
      { result: { $case: 'session', value: validated(session).session } },
      refusal('SESSION_REVOKED', REVOKED_REASON_LOGOUT),
    ]);
  });

  it('ends when a request breaks a limit or brings a consistency token that is none of ours, after the answers before it', async () => {
    const { sessionToken } = await rig.create();
    for (const [bad, reason] of [
      [request(sessionToken, 7 as Freshness), 'FIELD_INVALID'],
      [request(sessionToken, FRESHNESS_BOUNDED, 'x'.repeat(257)), 'FIELD_INVALID'],
      [request(sessionToken, FRESHNESS_BOUNDED, 'nonsense'), 'CONSISTENCY_TOKEN_INVALID'],
    ] as const) {
      const stream = await open();
      stream.send(request(sessionToken, FRESHNESS_STRICT));
      stream.send(bad);
      expect(await stream.ended).toEqual({ code: INVALID_ARGUMENT, reason });
      expect(stream.responses).toHaveLength(1);
    }
  });

  it('sees at least what a consistency token stands for', async () => {
    const { sessionToken, session } = await rig.create();
    const stream = await open();
    const changes = [
      { of: 'session', sessionId: session.sessionId, version: 7n },
      { of: 'user', userId: session.userId },
      { of: 'anybody' },
    ] as const;
    for (const change of changes) stream.send(request(sessionToken, FRESHNESS_BOUNDED, formatConsistencyToken(change)));
    stream.finish();
    await stream.ended;
    expect(stream.responses.map(({ result }) => result?.$case)).toEqual(['session', 'session', 'session']);
  });

  it('notes the refusal of a session in the audit trail', async () => {
    const { sessionToken, session } = await rig.create();
    const requestId = '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab03';
    const stream = await open('app/test', rig, { 'x-request-id': requestId });
    const target = { $case: 'sessionToken', value: sessionToken } as const;
    const { consistencyToken } = await rig.app.revokeSession({ target, reason: REVOKED_REASON_LOGOUT });
    stream.send(request(sessionToken, FRESHNESS_BOUNDED, consistencyToken));
    stream.finish();
    await stream.ended;
    const event = await waitFor(async () =>
      (await outboxEvents(rig.service)).find((each) => each.requestId === requestId),
    );
    expect(event).toMatchObject({
      eventType: 'session.refused',
      peer: 'app/test',
      sessionId: session.sessionId,
      attributes: { reason: 'SESSION_REVOKED' },
    });
  });

  it('is refused to a peer that may not read sessions', async () => {
    const stream = await open('stranger');
    stream.send(request('x'));
    expect(await stream.ended).toEqual({ code: PERMISSION_DENIED, reason: 'PEER_NOT_ALLOWED' });
  });

  it('says that no store could tell, and goes on', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), lendRedis()]);
    const own = await startSession({ redis, database: await privateDatabase(postgres), env: STEADY });
    await untilSteady(own);
    const { sessionToken, session } = await own.create();
    await own.validate(sessionToken);
    await postgres.stop('immediate').catch(() => {});
    const stream = await open('app/test', own);
    stream.send(request(nobody()));
    stream.send(request(sessionToken));
    await waitFor(() => stream.responses.length === 2, { everyMs: 1 });
    expect(stream.responses).toEqual([
      refusal('POSTGRES_UNAVAILABLE', REVOKED_REASON_UNSPECIFIED, true),
      { result: { $case: 'session', value: validated(session).session } },
    ]);
    stream.finish();
    expect(await stream.ended).toEqual({ code: OK, reason: '' });
    await own.stop();
    await redis.stop();
  });
});
