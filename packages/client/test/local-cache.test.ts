import { waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatehouseClient } from '../src/index.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

let server: StandIn;
let client: GatehouseClient;

beforeEach(async () => {
  server = await startStandIn();
  // The bound is longer than a pause of the machine, so that only what a test does ends it.
  client = server.connect({ cache: { heartbeatMs: 20, boundMs: 2_500 } });
});
afterEach(() => server.stop());

const isCurrent = () => client.sessions.statistics().isCurrent;

/** A session that is remembered. */
async function remembered() {
  const { token, session } = server.add();
  await client.sessions.validate(token);
  await waitFor(isCurrent);
  await client.sessions.validate(token);
  expect(client.sessions.peek(token)).toBeDefined();
  return { token, sessionId: session.sessionId, userId: session.userId };
}

describe('the local cache', () => {
  it('forgets a session that has changed, and no other', async () => {
    const [one, other] = [await remembered(), await remembered()];
    server.change(one.sessionId);
    await waitFor(() => client.sessions.peek(one.token) === undefined);
    expect(client.sessions.peek(other.token)).toBeDefined();
  });

  it('forgets everything when changes may have been missed', async () => {
    const { token } = await remembered();
    server.reset();
    await waitFor(() => client.sessions.peek(token) === undefined);
    expect(client.sessions.statistics().remembered).toBe(0);
    expect(isCurrent()).toBe(true);
  });

  it('does not keep a slow answer that a change has overtaken', async () => {
    const marker = await remembered();
    const { token, session } = server.add();
    const answer = Promise.withResolvers<void>();
    server.beforeAnswer = () => answer.promise;
    const asked = server.batches.length;
    const waiting = client.sessions.validate(token);
    await waitFor(() => server.batches.length > asked);
    server.change(session.sessionId, marker.sessionId);
    await waitFor(() => client.sessions.peek(marker.token) === undefined);
    answer.resolve();
    expect((await waiting).sessionId).toBe(session.sessionId);
    expect(client.sessions.peek(token)).toBeUndefined();
    await client.sessions.validate(token);
    expect(client.sessions.peek(token)).toBeDefined();
  });

  it('answers nothing any more when the watch is silent for the bound, and recovers', async () => {
    const { token } = await remembered();
    server.stalenessMs = undefined;
    await waitFor(() => !isCurrent());
    expect(client.sessions.peek(token)).toBeUndefined();
    expect((await client.sessions.validate(token)).sessionId).toBeDefined();
    server.stalenessMs = 0;
    await waitFor(isCurrent);
  });

  it('answers nothing while the watched instance is cut off itself', async () => {
    const { token } = await remembered();
    server.stalenessMs = 60_000;
    await waitFor(() => !isCurrent());
    expect(client.sessions.peek(token)).toBeUndefined();
  });

  it('forgets everything when the watch breaks, and watches again', async () => {
    const { token } = await remembered();
    const opened = server.watchesOpened;
    for (const watch of server.watches) watch.end();
    await waitFor(() => server.watchesOpened > opened && isCurrent());
    expect(client.sessions.peek(token)).toBeUndefined();
    expect(client.sessions.statistics().remembered).toBe(0);
  });

  it.each<[string, (one: { token: string; sessionId: string; userId: string }) => Promise<unknown>]>([
    ['revoked by its token', ({ token }) => client.sessions.revoke({ token }, 'logout')],
    ['revoked by its id', ({ sessionId }) => client.sessions.revoke({ sessionId }, 'administrative')],
    ['revoked with all of its user', ({ userId }) => client.sessions.revokeUser(userId, 'user_disabled')],
    ['revoked with others', ({ token }) => client.sessions.revokeOthers(token, 'logout')],
    ['revoked by a search', ({ userId }) => client.sessions.revokeFound({ userId }, 'compromised')],
    ['extended', ({ token }) => client.sessions.extend(token)],
    [
      'elevated',
      ({ token }) => client.sessions.elevate(token, { authenticationMethods: ['otp'], authenticationLevel: 2 }),
    ],
  ])('forgets at once a session that this client has %s, whatever the watch tells', async (_how, change) => {
    const one = await remembered();
    // The answer of the stand-in is an empty message, which not every RPC may have.
    await change(one).catch((error: unknown) => expect(error).toMatchObject({ reason: 'RESPONSE_INVALID' }));
    expect(server.calls).toHaveLength(1);
    expect(client.sessions.peek(one.token)).toBeUndefined();
  });

  it('keeps the sessions of others when this client has ended those of a user', async () => {
    const [one, other] = [await remembered(), await remembered()];
    await client.sessions.revokeUser(one.userId, 'user_disabled');
    expect(client.sessions.peek(one.token)).toBeUndefined();
    expect(client.sessions.peek(other.token)).toBeDefined();
  });

  it('holds no more than it may', async () => {
    client = server.connect({ cache: { maxEntries: 10, boundMs: 2_500 } });
    await client.sessions.validate(server.add().token);
    await waitFor(isCurrent);
    const known = Array.from({ length: 50 }, () => server.add());
    await Promise.all(known.map(({ token }) => client.sessions.validate(token)));
    expect(client.sessions.statistics().remembered).toBe(10);
    expect(known.filter(({ token }) => client.sessions.peek(token)).length).toBe(10);
  });

  it('opens no watch where nothing is to be remembered', async () => {
    client = server.connect({ cache: { maxEntries: 0 } });
    const { token } = server.add();
    await client.sessions.validate(token);
    await client.sessions.validate(token);
    expect(server.watchesOpened).toBe(0);
    expect(server.batches).toHaveLength(2);
  });

  it('ends its watch with the client', async () => {
    await remembered();
    client.close();
    await waitFor(() => server.watches.size === 0);
  });

  it.each([
    { heartbeatMs: 0 },
    { heartbeatMs: 1_000, boundMs: 1_000 },
    { boundMs: 60_001 },
    { maxEntries: -1 },
    { maxEntries: 1.5 },
  ])('is not made with %j', (cache) => {
    expect(() => server.connect({ cache })).toThrow(RangeError);
  });
});
