import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { HealthService } from '@gatehouse/proto/health/v1/health.ts';
import { type Call, type CallContext, type Client, connect, DEADLINE_MARGIN_MS } from '@gatehouse/rpc';
import { waitFor } from '@gatehouse/testing';
import { credentials, Client as GrpcClient, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { STREAM_LIFETIME_MS_MAX } from '../src/stream-lifetime.ts';
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

describe('a deadline that is days away', () => {
  const { validateSession, streamValidateSessions, watchSessions } = SessionServiceService;
  const { check, watch } = HealthService;
  const FAR = ['2147483S', '2147484S', '720H', '5000H', '99999999S', '99999999M', '99999999H'];

  it.each<[kind: string, path: string, request: Buffer, headers: Record<string, string>]>([
    ['unary', validateSession.path, validateSession.requestSerialize(VALIDATE), {}],
    ['unary by grpc-js', validateSession.path, validateSession.requestSerialize(VALIDATE), { 'grpc-encoding': 'gzip' }],
    ['unary of health', check.path, check.requestSerialize({ service: '' }), {}],
    ['streamed', streamValidateSessions.path, streamValidateSessions.requestSerialize(VALIDATE), {}],
    ['streamed both ways', watchSessions.path, watchSessions.requestSerialize({ question: 1n }), {}],
    ['a stream of answers', watch.path, watch.requestSerialize({ service: '' }), {}],
  ])('is one on every kind of call, and no later than the longest: %s', async (_kind, path, request, headers) => {
    const calls: Call[] = [];
    const server = await running({
      validateSession: (_request, call) => {
        calls.push(call);
        return { session: undefined };
      },
      streamValidateSessions: {
        open(call) {
          calls.push(call);
          return { message: () => ({ result: undefined }) };
        },
      },
      watchSessions: async function* (requests, call) {
        calls.push(call);
        for await (const _request of requests) yield { event: undefined };
      },
    });
    const { ca, cert, key } = server.authority.issueSync('app/test');
    const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
    const session = connectHttp2(`https://localhost:${server.server.port}`, { ca: caPem, cert: certPem, key: keyPem });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    for (const timeout of FAR) {
      const grpc = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
      const stream = session.request({ ...grpc, ...headers, 'grpc-timeout': timeout }, { endStream: false });
      stream.on('error', () => {});
      const status = once(stream, 'response');
      // The first byte of an answer: a call whose time is up has none.
      const answered = once(stream, 'data');
      stream.end(Buffer.concat([head, request]));
      expect((await status)[0]['grpc-status'], timeout).toBeUndefined();
      expect((await answered)[0].length, timeout).toBeGreaterThan(0);
      stream.close();
    }
    session.destroy();
    for (const { deadlineMs } of calls) {
      expect(deadlineMs).toBeGreaterThan(Date.now());
      expect(deadlineMs).toBeLessThanOrEqual(Date.now() + STREAM_LIFETIME_MS_MAX);
    }
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
