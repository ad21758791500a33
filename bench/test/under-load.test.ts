import { describe, expect, it } from 'vitest';
import { delayUs } from '../src/figures/under-load.ts';

describe('the delay of a change', () => {
  it('ends with the first question that is answered as after the change, however late that is acknowledged', async () => {
    const answers = [false, false, true];
    let acknowledge = () => {};
    const change = () => new Promise<void>((resolve) => (acknowledge = resolve));
    const isSeen = async () => {
      const seen = answers.shift() ?? true;
      if (seen) acknowledge();
      return seen;
    };
    expect(await delayUs(change, isSeen)).toBeGreaterThan(0);
    expect(answers).toEqual([]);
  });

  it('is none when the change was refused, or a question was', async () => {
    const refused = () => Promise.reject(new Error('refused'));
    await expect(delayUs(refused, async () => true)).rejects.toThrow('refused');
    await expect(delayUs(async () => {}, refused)).rejects.toThrow('refused');
  });
});
