import { waitFor } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatehouseClient } from '../src/index.ts';
import { newToken, type StandIn, startStandIn } from './stand-in.ts';

let server: StandIn;
let client: GatehouseClient;

beforeEach(async () => {
  server = await startStandIn();
  // The bound is longer than a pause of the machine, so that what is remembered stays so.
  client = server.connect({ cache: { boundMs: 5_000 } });
});
afterEach(() => server.stop());

/** Until what is validated is remembered. */
const current = () => waitFor(() => client.sessions.statistics().isCurrent);
const tokensAsked = () => server.batches.map(({ sessionTokens }) => sessionTokens);

describe('validations at the same time', () => {
  it('of one token are one question about one token', async () => {
    const { token, session } = server.add();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => client.sessions.validate(token)));
    expect(tokensAsked()).toEqual([[token]]);
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]?.sessionId).toBe(session.sessionId);
  });

  it('of different tokens are as few questions as they fit into', async () => {
    const known = Array.from({ length: 1_100 }, () => server.add());
    const answers = await Promise.all(known.map(({ token }) => client.sessions.validate(token)));
    expect(tokensAsked().map(({ length }) => length)).toEqual([500, 500, 100]);
    expect(answers.map(({ sessionId }) => sessionId)).toEqual(known.map(({ session }) => session.sessionId));
  });

  it('do not suffer from a token among them that is no good', async () => {
    const { token } = server.add();
    const [good, unknown, malformed] = await Promise.allSettled([
      client.sessions.validate(token),
      client.sessions.validate(newToken()),
      client.sessions.validate('x'.repeat(100_000)),
    ]);
    expect(good?.status).toBe('fulfilled');
    for (const bad of [unknown, malformed]) {
      expect(bad).toMatchObject({ status: 'rejected', reason: { reason: 'SESSION_TOKEN_INVALID' } });
    }
    expect(tokensAsked().flat()).toHaveLength(2);
  });

  it.each(['', 'ghs_', 'ghr_AAAA', 'ghs_ä', `ghs_${'A'.repeat(253)}`, 'ghs_A\n', 7 as unknown as string])(
    'never ask about %j, which is no session token',
    async (token) => {
      await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
      expect(client.sessions.peek(token)).toBeUndefined();
      expect(server.batches).toEqual([]);
    },
  );
});

describe('a validation', () => {
  it('is asked for in the shared store when it is to be remembered, and may be bounded when it is not', async () => {
    const { token } = server.add();
    await client.sessions.validate(token);
    await current();
    await client.sessions.validate(token);
    expect(server.batches.map(({ freshness }) => freshness)).toEqual([1, 2]);
    expect(client.sessions.peek(token)).toBeDefined();
  });

  it('that must be strict, or take a change into account, is never answered from memory', async () => {
    const { token } = server.add();
    await client.sessions.validate(token);
    await current();
    await client.sessions.validate(token);
    await client.sessions.validate(token, { freshness: 'strict' });
    await client.sessions.validate(token, { consistencyToken: 'v7' });
    expect(server.batches.slice(2)).toMatchObject([{ freshness: 2 }, { consistencyToken: 'v7' }]);
  });

  it('is not remembered when it was refused', async () => {
    const token = newToken();
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await current();
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    server.sessions.set(token, server.add().session);
    expect(await client.sessions.validate(token)).toBeDefined();
  });

  it('is no refusal when the service says that it can not tell', async () => {
    const { token } = server.add();
    server.beforeAnswer = () => {
      throw { code: status.UNAVAILABLE, details: 'Redis is away.' };
    };
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    server.beforeAnswer = () => {};
    expect(await client.sessions.validate(token)).toBeDefined();
  });

  it('that one caller gives up goes on for the others', async () => {
    const { token } = server.add();
    let answer = () => {};
    server.beforeAnswer = () => new Promise<void>((resolve) => (answer = resolve));
    const abort = new AbortController();
    const leaving = client.sessions.validate(token, { signal: abort.signal });
    const staying = client.sessions.validate(token);
    await waitFor(() => server.batches.length === 1);
    abort.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED', reason: 'CANCELLED' });
    answer();
    expect(await staying).toBeDefined();
  });

  it('that all callers give up is given up at the service', async () => {
    const { token } = server.add();
    let cancelled = false;
    server.beforeAnswer = (_request, call) =>
      new Promise<void>((resolve) => {
        call.on('cancelled', () => {
          cancelled = true;
          resolve();
        });
      });
    const abort = new AbortController();
    const leaving = client.sessions.validate(token, { signal: abort.signal });
    await waitFor(() => server.batches.length === 1);
    abort.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED' });
    await waitFor(() => cancelled);
  });

  it('ends with the time of its caller, and with the time of the client where the caller says nothing', async () => {
    client = server.connect({ defaults: { deadlineMs: 300 } });
    const { token } = server.add();
    server.beforeAnswer = () => new Promise(() => {});
    const startedAtMs = performance.now();
    const hasty = client.sessions.validate(token, { timeoutMs: 20 });
    const patient = client.sessions.validate(token);
    const first = await Promise.race([hasty.catch(() => 'hasty'), patient.catch(() => 'patient')]);
    expect(first).toBe('hasty');
    await expect(hasty).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(patient).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(290);
  });

  it('fails at once when too many are waited for', async () => {
    client = server.connect({ pendingMax: 2 });
    server.beforeAnswer = () => new Promise(() => {});
    const closed = [server.add(), server.add()].map(({ token }) =>
      expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' }),
    );
    const { token } = server.add();
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'CLIENT_QUEUE_FULL' });
    client.close();
    await Promise.all(closed);
  });

  it('rejects with CLIENT_CLOSED once the client is closed', async () => {
    const { token } = server.add();
    await client.sessions.validate(token);
    client.close();
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    await expect(client.tokens.keySet()).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    expect(client.sessions.peek(token)).toBeUndefined();
  });

  it('is refused when the answer says nothing, or lacks what nothing can be decided without', async () => {
    const { token } = server.add({ userId: '' });
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'RESPONSE_INVALID' });
    const other = server.add({ expiresAt: undefined });
    await expect(client.sessions.validate(other.token)).rejects.toMatchObject({ reason: 'RESPONSE_INVALID' });
  });
});
