import { describe, expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

describe('waiting for a condition', () => {
  it('answers what the condition answers, as soon as it is truthy', async () => {
    let asked = 0;
    const answer = await waitFor(() => (++asked === 3 ? { found: asked } : undefined), { everyMs: 1 });
    expect(answer).toEqual({ found: 3 });
    expect(asked).toBe(3);
  });

  it('goes on after a condition that throws', async () => {
    let asked = 0;
    const condition = async () => {
      asked += 1;
      if (asked < 3) throw new Error('not there yet');
      return 'there';
    };
    expect(await waitFor(condition, { everyMs: 1 })).toBe('there');
  });

  it('gives up in the end, and says what it waited for and what was in the way', async () => {
    const failure = await waitFor(
      () => {
        throw new Error('in the way');
      },
      { timeoutMs: 20, everyMs: 1 },
    ).catch((error: Error) => error);
    expect(failure).toMatchObject({ cause: { message: 'in the way' } });
    expect(String(failure)).toMatch(/Not met within 20 ms: .*in the way/);
  });

  it('gives up on a condition that never answers', async () => {
    await expect(waitFor(() => new Promise<string>(() => {}), { timeoutMs: 20 })).rejects.toThrow('Not met');
  });
});
