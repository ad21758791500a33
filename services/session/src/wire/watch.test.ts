import { WatchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { describe, expect, it } from 'vitest';
import { toAnswer, toChanges, toReset } from './watch.ts';

describe('what a watch tells', () => {
  it.each([
    [0, 0],
    [0.2, 1],
    [249.01, 250],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 32, 2 ** 32 - 1],
    [Number.POSITIVE_INFINITY, 2 ** 32 - 1],
  ])('says a staleness of %s ms in its field as %s, never as less than it is', (stalenessMs, told) => {
    expect(WatchSessionsResponse.decode(toAnswer(2n ** 64n - 1n, stalenessMs)).event).toEqual({
      $case: 'answer',
      value: { question: 2n ** 64n - 1n, stalenessMs: told },
    });
  });

  it('names the sessions that have changed, or tells to forget all', () => {
    expect(WatchSessionsResponse.decode(toChanges(['a', 'b'])).event).toEqual({
      $case: 'changes',
      value: { sessionIds: ['a', 'b'] },
    });
    expect(WatchSessionsResponse.decode(toReset()).event).toEqual({ $case: 'reset', value: {} });
  });
});
