import { readFileSync } from 'node:fs';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, type CallContext, type Client, connect, DEADLINE_MARGIN_MS } from '@gatehouse/rpc';
import { waitFor } from '@gatehouse/testing';
import { credentials, Client as GrpcClient, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';

let rigs: Rig[] = [];

async function running(...args: Parameters<typeof rig>): Promise<Rig> {
  const made = await rig(...args);
  rigs.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(rigs.map((each) => each.stop()));
  rigs = [];
});

/** Makes the client connect: the answer itself is of no interest. */
const connected = (client: Client<typeof SessionServiceService>) => client.createSession(CREATE).catch(() => {});

/** A handler that never answers, and tells what became of its call. */
function hanging() {
  const calls: Call[] = [];
  const handler = (_request: unknown, call: Call) => {
    calls.push(call);
    return new Promise<never>(() => {});
  };
  return { calls, handler };
}

describe('a deadline', () => {
  it('of the caller ends the call, and aborts the work that it started', async () => {
    const { calls, handler } = hanging();
    const { connectAs } = await running({ validateSession: handler });
    const client = connectAs('app/test', SessionServiceService);
    // The connection is there before the clock is set.
    await connected(client);
    const pending = client.validateSession(VALIDATE, { deadlineMs: Date.now() + 1_500 });
    await expect(pending).rejects.toMatchObject({ kind: 'deadline', reason: 'DEADLINE_EXCEEDED' });
    const last = await waitFor(() => calls.at(-1));
    await waitFor(() => last.signal.aborted);
    expect(last.signal.reason).toMatchObject({ kind: 'deadline' });
  });

  it('of the server ends a call whose caller set none', async () => {
    const { calls, handler } = hanging();
    const server = await running({ validateSession: handler }, { defaultDeadlineMs: 1_000 });
    const { ca, cert, key } = server.authority.issueSync('app/test');
    const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
    // A bare client: ours never leaves a call without a deadline.
    const client = new GrpcClient(
      `localhost:${server.server.port}`,
      credentials.createSsl(caPem ?? null, keyPem, certPem),
    );
    const { path, requestSerialize, responseDeserialize } = SessionServiceService.validateSession;
    const code = await new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, VALIDATE, (error) => resolve(error?.code));
    });
    client.close();
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect(calls[0]?.signal.reason).toMatchObject({ kind: 'deadline' });
  });

  it('may be later than what a client gives a call without one', async () => {
    const { calls, handler } = hanging();
    const { connectAs } = await running({ validateSession: handler });
    const deadlineMs = Date.now() + 60_000;
    const abort = new AbortController();
    const pending = connectAs('app/test', SessionServiceService).validateSession(VALIDATE, {
      deadlineMs,
      signal: abort.signal,
    });
    pending.catch(() => {});
    const call = await waitFor(() => calls[0]);
    expect(Math.abs(call.deadlineMs - deadlineMs)).toBeLessThan(5_000);
    abort.abort();
    await expect(pending).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('that has passed is not worth a call', async () => {
    const { calls, handler } = hanging();
    const { connectAs } = await running({ validateSession: handler });
    const client = connectAs('app/test', SessionServiceService);
    await expect(client.validateSession(VALIDATE, { deadlineMs: Date.now() })).rejects.toMatchObject({
      kind: 'deadline',
    });
    expect(calls).toEqual([]);
  });

  it('is passed on less a margin, with the request id and the trace', async () => {
    const inner: Call[] = [];
    const outer: Call[] = [];
    const arrivedAtMs: number[] = [];
    const second = await running({
      validateSession: (_request, call) => {
        inner.push(call);
        arrivedAtMs.push(Date.now());
        return { session: undefined };
      },
    });
    const onward = second.connectAs('session', SessionServiceService);
    const first = await running({
      validateSession: async (request, call) => {
        outer.push(call);
        arrivedAtMs.push(Date.now());
        return onward.validateSession(request, call satisfies CallContext);
      },
    });
    const client = first.connectAs('app/test', SessionServiceService);
    const requestId = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
    await client.validateSession(VALIDATE, { requestId, deadlineMs: Date.now() + 15_000 });
    expect(inner[0]?.requestId).toBe(requestId);
    expect(inner[0]?.trace.traceId).toBe(outer[0]?.trace.traceId);
    expect(inner[0]?.trace.parentSpanId).toBe(outer[0]?.trace.spanId);
    const earlierMs = (outer[0]?.deadlineMs ?? 0) - (inner[0]?.deadlineMs ?? 0);
    // A deadline travels as what is left of it, so the way makes it later.
    const underWayMs = (arrivedAtMs[1] ?? 0) - (arrivedAtMs[0] ?? 0);
    expect(earlierMs + underWayMs).toBeGreaterThan(DEADLINE_MARGIN_MS / 2);
    expect(earlierMs).toBeLessThan(DEADLINE_MARGIN_MS + 500);
  });
});

describe('a caller that goes away', () => {
  it('aborts the work, with a reason that is no error', async () => {
    const { calls, handler } = hanging();
    const { connectAs } = await running({ validateSession: handler });
    const abort = new AbortController();
    const pending = connectAs('app/test', SessionServiceService).validateSession(VALIDATE, { signal: abort.signal });
    pending.catch(() => {});
    const call = await waitFor(() => calls[0]);
    const signal = call.signal;
    abort.abort();
    await expect(pending).rejects.toMatchObject({ kind: 'cancelled' });
    await waitFor(() => signal.aborted);
    expect(signal.reason).toMatchObject({ kind: 'cancelled' });
  });
});

describe('a call', () => {
  it('that was answered is over: nothing aborts what it started', async () => {
    const calls: Call[] = [];
    const { connectAs } = await running({
      validateSession: (_request, call) => {
        calls.push(call);
        return { session: undefined };
      },
    });
    const client = connectAs('app/test', SessionServiceService);
    await client.validateSession(VALIDATE);
    // Its stream has closed when the same connection has carried another call.
    await client.validateSession(VALIDATE);
    expect(calls[0]?.signal.aborted).toBe(false);
  });

  it('that only reads is tried again when no server answers, and is then UNAVAILABLE', async () => {
    const server = await running({});
    const client = server.connectAs('app/test', SessionServiceService, { address: '127.0.0.1:1' });
    await expect(client.validateSession(VALIDATE)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'PEER_UNAVAILABLE',
    });
  });

  it('without TLS is refused on any address but loopback', async () => {
    const { serve, mount } = await import('@gatehouse/rpc');
    const { createRegistry, silentLogger } = await import('@gatehouse/process');
    expect(mount).toBeTypeOf('function');
    await expect(
      serve({
        listen: { host: '0.0.0.0', port: 0 },
        transport: { kind: 'insecure-loopback', peer: 'app/bench' },
        services: [],
        reflection: false,
        logger: silentLogger,
        registry: createRegistry('x'),
      }),
    ).rejects.toThrow(/loopback/);
    expect(connect).toBeTypeOf('function');
  });
});
