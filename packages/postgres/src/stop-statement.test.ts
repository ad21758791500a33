import { describe, expect, it } from 'vitest';
import { stopStatement } from './stop-statement.ts';

describe('stopStatement', () => {
  it('repeats its request until the statement has left, since one may come too early', async () => {
    const left = Promise.withResolvers<void>();
    let requests = 0;
    const requestCancel = async () => {
      requests += 1;
      if (requests === 3) left.resolve();
    };
    expect(await stopStatement(left.promise, requestCancel)).toBe(true);
    expect(requests).toBe(3);
  });

  it('is not done before the request is, even when the statement has left', async () => {
    const requested = Promise.withResolvers<void>();
    let isDone = false;
    const stopping = stopStatement(Promise.resolve(), () => requested.promise).then((clean) => {
      isDone = true;
      return clean;
    });
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    requested.resolve();
    expect(await stopping).toBe(true);
  });

  it('gives up when the server takes no request, or the statement does not leave', async () => {
    const never = new Promise<void>(() => {});
    expect(await stopStatement(never, () => Promise.reject(new Error('refused')))).toBe(false);
    expect(await stopStatement(never, async () => undefined)).toBe(false);
    const hanging = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    expect(await stopStatement(never, hanging)).toBe(false);
  });
});
