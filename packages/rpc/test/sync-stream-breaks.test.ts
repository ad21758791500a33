import { Failure } from '@gatehouse/failure';
import { waitFor } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { UNWRITTEN_BYTES_MAX } from '../src/answer-queue.ts';
import { answerTo, closeAll, encoded, numbers, recorded, serving } from './stream-rig.ts';

afterEach(closeAll);

describe('a stream that breaks', () => {
  it('on a request that breaks a limit ends with INVALID_ARGUMENT after the answers before it', async () => {
    const { open, asked, ends } = recorded();
    const { begin } = await serving(open);
    const { ask, stream, answers, code } = begin();
    for (const token of ['a', 'b']) ask(token);
    stream.write({ sessionToken: 'c', freshness: 0, consistencyToken: 'x'.repeat(257) });
    ask('d');
    await expect(code).resolves.toBe(status.INVALID_ARGUMENT);
    expect(answers).toEqual(['a', 'b']);
    expect(asked).toEqual(['a', 'b']);
    expect(ends()).toBe(1);
  });

  it.each([
    ['thrown', () => refuse()],
    ['rejected', async () => refuse()],
  ])('on a Failure that is %s ends with it in its turn, and gives up later work', async (_how, fail) => {
    const { open, calls } = recorded((token) => {
      if (token === 'bad') return fail();
      return token === 'slow'
        ? new Promise((resolve) => setImmediate(() => resolve(answerTo(token))))
        : answerTo(token);
    });
    const { begin } = await serving(open);
    const { ask, answers, code } = begin();
    for (const token of ['slow', 'a', 'bad', 'c']) ask(token);
    await expect(code).resolves.toBe(status.UNAUTHENTICATED);
    expect(answers).toEqual(['slow', 'a']);
    expect(calls[0]?.signal.reason).toMatchObject({ reason: 'NO' });
  });

  it('on anything else that is thrown is INTERNAL', async () => {
    const { open } = recorded(() => {
      throw new TypeError('hunter2');
    });
    const { begin } = await serving(open);
    const { ask, code } = begin();
    ask('a');
    await expect(code).resolves.toBe(status.INTERNAL);
  });

  it('because its caller goes away gives up its work', async () => {
    const { open, calls, asked, ends } = recorded(() => new Promise<never>(() => {}));
    const { begin } = await serving(open);
    const { ask, stream } = begin();
    ask('a');
    await waitFor(() => asked.length === 1);
    const signal = calls[0]?.signal;
    stream.cancel();
    await waitFor(() => signal?.aborted && ends() === 1);
    expect(signal?.reason).toMatchObject({ kind: 'cancelled' });
  });

  it('at its deadline gives up its work, also when the caller reads nothing', async () => {
    const { open, calls, ends } = recorded(() => encoded('x'.repeat(UNWRITTEN_BYTES_MAX)));
    const { unread } = await serving(open);
    const { ask } = unread({ 'grpc-timeout': '200m' });
    for (const token of numbers(4)) ask(token);
    await waitFor(() => ends() === 1);
    expect(calls[0]?.signal.reason).toMatchObject({ kind: 'deadline' });
  });
});

describe('a stream of a peer that may not call', () => {
  it('is refused before anything of it is read', async () => {
    const { open, calls } = recorded();
    const { begin } = await serving(open, { access: { streamValidateSessions: { peers: ['app/*'] } } });
    const { ask, code } = begin({ peer: 'edge/envoy' });
    ask('a');
    await expect(code).resolves.toBe(status.PERMISSION_DENIED);
    expect(calls).toEqual([]);
  });
});

function refuse(): never {
  throw new Failure('unauthenticated', 'NO', 'Refused.');
}
