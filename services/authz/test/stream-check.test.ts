import { randomUUID } from 'node:crypto';
import { AuthzServiceService, Decision, type StreamCheckRequest } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { bidiClient, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, FULLY, startFixture } from './fixture.ts';

const OK = 0;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
let fixture: Fixture;
const closes: (() => void)[] = [];

beforeAll(async () => {
  fixture = await startFixture();
});
afterEach(() => {
  for (const close of closes.splice(0)) close();
});
afterAll(() => fixture?.stop());

async function open(peer = 'app/test') {
  const client = await bidiClient(fixture.service, peer);
  closes.push(client.close);
  return client.open(AuthzServiceService.streamCheck, { 'grpc-timeout': '60S' });
}

const request = (
  userId: string,
  permission: string,
  requirement?: ReturnType<typeof atLeast> | typeof FULLY,
): StreamCheckRequest => ({
  item: { userId, permission, resource: '', context: undefined },
  consistency: requirement && { requirement },
});
const response = (isAllowed: boolean) => ({
  decision: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED,
  undetermined: '',
  error: undefined,
});

describe('a stream of checks', () => {
  it('has one answer for each request, in their order, from memory and from the stores alike', async () => {
    const roleId = await fixture.role({ permissions: ['stream:read'] });
    const users = Array.from({ length: 30 }, () => randomUUID());
    for (const userId of users.slice(0, 15)) await fixture.grant(userId, roleId);
    const stream = await open();
    const expected: unknown[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (const [index, userId] of users.entries()) {
        stream.send(request(userId, 'stream:read', (round + index) % 3 === 0 ? FULLY : undefined));
        expected.push(response(index < 15));
      }
    }
    stream.finish();
    expect(await stream.ended).toEqual({ code: OK, reason: '' });
    expect(stream.responses).toEqual(expected);
  });

  it('sees a grant and its revocation when it carries their tokens', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role({ permissions: ['stream:read'] })];
    const stream = await open();
    for (let round = 1; round <= 5; round += 1) {
      stream.send(request(userId, 'stream:read', atLeast(await fixture.grant(userId, roleId))));
      stream.send(request(userId, 'stream:read', atLeast(await fixture.revoke(userId, roleId))));
      await waitFor(() => stream.responses.length === 2 * round);
    }
    expect(stream.responses.filter((_, index) => index % 2 === 1)).toEqual(Array(5).fill(response(false)));
  });

  it('tells a question that can not be decided from one that is denied, and goes on', async () => {
    const userId = randomUUID();
    const token = await fixture.grant(userId, await fixture.role({ permissions: ['stream:read'] }));
    const { modelRevision, user } = parseToken(token);
    const future = formatToken({ modelRevision, user: { id: userId, revision: (user?.revision ?? 0n) + 5n } });
    const stream = await open();
    stream.send(request(userId, 'stream:read', atLeast('AAAA')));
    stream.send(request(userId, 'stream:read', atLeast(future)));
    stream.send(request(userId, 'stream:read', atLeast(token)));
    stream.finish();
    expect(await stream.ended).toEqual({ code: OK, reason: '' });
    const error = { reason: 'CONSISTENCY_TOKEN_INVALID', message: expect.any(String), retryable: false };
    const refused = { decision: Decision.DECISION_UNSPECIFIED, undetermined: '', error };
    expect(stream.responses).toEqual([refused, refused, response(true)]);
  });

  it.each([
    ['no item', { item: undefined, consistency: undefined }],
    ['a user that is none', request('ada', 'a:b')],
    ['a wildcard', request(randomUUID(), 'a:*')],
  ])('ends at a request with %s, after all answers before it', async (_, wrong) => {
    const stream = await open();
    stream.send(request(randomUUID(), 'stream:read'));
    stream.send(wrong);
    stream.send(request(randomUUID(), 'stream:read'));
    expect(await stream.ended).toEqual({ code: INVALID_ARGUMENT, reason: 'FIELD_INVALID' });
    expect(stream.responses).toEqual([response(false)]);
  });

  it('is refused to a peer that may not check', async () => {
    const stream = await open('stranger');
    expect(await stream.ended).toEqual({ code: PERMISSION_DENIED, reason: 'PEER_NOT_ALLOWED' });
  });
});
