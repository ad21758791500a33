import { createHash } from 'node:crypto';

/** Enough to take about a second, so that what else the machine does shows as it will in the tests. */
const ROUNDS = 40_000;
const DOCUMENT = {
  users: Array.from({ length: 20 }, (_, index) => ({ id: index, name: `user ${index}`, roles: ['a', 'b'] })),
};

/**
 * Does a fixed piece of work, of the kind that tests do (text, hashes, many small objects), and answers how many milliseconds it took. What a run
 * takes is compared with it, because machines of the same size differ by a factor of three.
 */
export function calibrate(): number {
  const startedMs = performance.now();
  let digest = '';
  for (let round = 0; round < ROUNDS; round++) {
    const text = JSON.stringify({ ...(JSON.parse(JSON.stringify(DOCUMENT)) as object), digest });
    digest = createHash('sha256').update(text).digest('hex');
  }
  return performance.now() - startedMs;
}
