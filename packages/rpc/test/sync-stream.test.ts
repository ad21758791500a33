import { once } from 'node:events';
import { waitFor } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { OUTSTANDING_MAX, UNWRITTEN_BYTES_MAX } from '../src/answer-queue.ts';
import { answersIn, sessionIdOf } from './stream-client.ts';
import { answerTo, closeAll, encoded, numbers, recorded, serving } from './stream-rig.ts';

afterEach(closeAll);

describe('a stream that is answered at once', () => {
  it('has one answer for each request, in their order, and ends well when the caller has no more', async () => {
    const { open, ends } = recorded();
    const { begin, registry } = await serving(open);
    const { ask, answers, stream, code } = begin();
    for (const token of numbers(5_000)) ask(token);
    stream.end();
    await expect(code).resolves.toBe(status.OK);
    expect(answers).toEqual(numbers(5_000));
    await waitFor(() => ends() === 1);
    expect(await registry.metrics()).toMatch(
      /grpc_server_handled_total{[^}]*grpc_method="StreamValidateSessions",grpc_type="bidi_stream",grpc_code="OK"[^}]*} 1/,
    );
  });

  it('sends encoded answers as they are, and the first ones before the last request is there', async () => {
    const { begin } = await serving(recorded(encoded).open);
    const { ask, answers, stream, code } = begin();
    ask('a');
    await waitFor(() => answers.length === 1);
    ask('b');
    stream.end();
    await expect(code).resolves.toBe(status.OK);
    expect(answers).toEqual(['a', 'b']);
  });

  it('ends well when it is asked nothing', async () => {
    const { begin } = await serving(recorded().open);
    const { stream, code } = begin();
    stream.end();
    await expect(code).resolves.toBe(status.OK);
  });
});

describe('answers that take their time', () => {
  it('leave in the order of the requests, also those that were there at once, and all before the end', async () => {
    const late = new Map<string, () => void>();
    const { open, asked } = recorded((token) =>
      Number(token) % 3 === 0
        ? new Promise((resolve) => late.set(token, () => resolve(Number(token) % 2 ? encoded(token) : answerTo(token))))
        : answerTo(token),
    );
    const { begin } = await serving(open);
    const { ask, answers, stream, code } = begin();
    for (const token of numbers(100)) ask(token);
    stream.end();
    await waitFor(() => asked.length === 100);
    expect(answers).toEqual([]);
    for (const settle of [...late.values()].reverse()) settle();
    await expect(code).resolves.toBe(status.OK);
    expect(answers).toEqual(numbers(100));
  });

  it('are not waited for without bound: no more requests are read', async () => {
    const settlers: (() => void)[] = [];
    const { open, asked } = recorded(
      (token) => new Promise((resolve) => settlers.push(() => resolve(answerTo(token)))),
    );
    const { begin } = await serving(open);
    const { ask, answers, stream, code } = begin();
    const count = OUTSTANDING_MAX + 200;
    for (const token of numbers(count)) ask(token);
    stream.end();
    await waitFor(() => asked.length === OUTSTANDING_MAX);
    // What is read now would have been asked by the time that another stream is served.
    const other = begin({ deadline: Date.now() + 100 });
    await other.code;
    expect(asked).toHaveLength(OUTSTANDING_MAX);
    const settle = setInterval(() => settlers.splice(0).forEach((each) => void each()), 5);
    await expect(code).resolves.toBe(status.OK);
    clearInterval(settle);
    expect(answers).toEqual(numbers(count));
  });
});

describe('a caller that reads slowly', () => {
  it('is not read from until it has read, and then gets everything', async () => {
    const answerBytes = 16 * 1024;
    const count = 500;
    const { open, asked } = recorded((token) => encoded(token.padEnd(answerBytes, '-')));
    const { unread } = await serving(open);
    const { ask, stream } = unread();
    for (const token of numbers(count)) ask(token);
    stream.end();
    await settled(() => asked.length);
    expect(asked.length * answerBytes).toBeGreaterThan(UNWRITTEN_BYTES_MAX / 2);
    expect(asked.length * answerBytes).toBeLessThan(UNWRITTEN_BYTES_MAX * 2);
    const received: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => received.push(bytes));
    const [trailers] = await once(stream, 'trailers');
    expect(trailers).toMatchObject({ 'grpc-status': '0' });
    const ids = answersIn(Buffer.concat(received)).map((answer) => sessionIdOf(answer).replaceAll('-', ''));
    expect(ids).toEqual(numbers(count));
  });
});

/** Waits until a number has stayed the same for some rounds. */
async function settled(value: () => number): Promise<void> {
  let last = -1;
  let rounds = 0;
  await waitFor(() => {
    rounds = value() === last ? rounds + 1 : 0;
    last = value();
    return last > 0 && rounds > 20;
  });
}
