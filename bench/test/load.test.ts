import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../src/load/ask.ts';
import { drive, isAnswerTo } from '../src/load/drive.ts';
import { fromFrame, toFrame } from '../src/load/grpc-frame.ts';
import type { Target } from '../src/load/target.ts';

let server: Http2Server | undefined;
const signal = new AbortController().signal;
const QUICK = { warmUpMs: 0, runMs: 50, signal, cpuMs: () => undefined };

afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

/** A gRPC server by hand, which answers with what `reply` makes of the message, under a status. */
function serving(reply: (message: string) => string, status = '0'): Promise<Target> {
  const answer = (stream: ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(toFrame(Buffer.from(reply(fromFrame(Buffer.concat(chunks)).toString()))));
    });
  };
  const started = createServer().on('stream', answer);
  server = started;
  return new Promise((resolve) => {
    started.listen(0, '127.0.0.1', () => resolve({ port: (started.address() as AddressInfo).port, path: '/a.B/C' }));
  });
}

const exchange = (request: string, answer: string) => ({
  request: toFrame(Buffer.from(request)),
  answer: toFrame(Buffer.from(answer)),
});

describe('asking', () => {
  it('brings the answers in the order of the questions', async () => {
    const target = await serving((message) => message.toUpperCase());
    const questions = Array.from({ length: 500 }, (_, index) => `q${index}`);
    const answers = await ask(
      target,
      questions.map((question) => toFrame(Buffer.from(question))),
      signal,
    );
    expect(answers.map(String)).toEqual(questions.map((question) => question.toUpperCase()));
  });

  it('fails with the status when that is not OK', async () => {
    const target = await serving(() => '', '16');
    await expect(ask(target, [toFrame(Buffer.from('a'))], signal)).rejects.toThrow('/a.B/C answered grpc-status 16');
  });

  it('fails when nobody listens, and when it is told to stop', async () => {
    await expect(ask({ port: 1, path: '/a.B/C' }, [], signal)).rejects.toThrow(/ECONNREFUSED/);
    const target = await serving((message) => message);
    await expect(ask(target, [], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});

describe('driving', () => {
  it('measures answers that are right', async () => {
    const target = await serving((message) => message.toUpperCase());
    const measured = await drive(target, [exchange('a', 'A'), exchange('b', 'B')], QUICK);
    expect(measured.perSecond).toBeGreaterThan(0);
    expect(measured.p99Us).toBeGreaterThanOrEqual(measured.p50Us);
  });

  it('lets pass what varies at the end of an answer, and nothing before it', () => {
    const expected = { ...exchange('a', 'right-1234'), varyingBytes: 4 };
    const isRight = (answer: string) => isAnswerTo(expected, toFrame(Buffer.from(answer)));
    expect(isRight('right-5678')).toBe(true);
    expect(['wrong-1234', 'right-12345', 'right-123'].filter(isRight)).toEqual([]);
    expect(isAnswerTo(exchange('a', 'A'), toFrame(Buffer.from('B')))).toBe(false);
  });

  it('ends with the first answer that is wrong, however right it is for another question', async () => {
    const target = await serving((message) => (message === 'b' ? 'A' : message.toUpperCase()));
    await expect(drive(target, [exchange('a', 'A'), exchange('b', 'B')], QUICK)).rejects.toThrow(/wrong answer/);
  });
});
