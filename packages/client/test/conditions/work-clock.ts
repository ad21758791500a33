/**
 * How long a fixed piece of work takes here and now, in nanoseconds: maps, strings and numbers, as evaluations
 * have them. A machine on which it takes twice as long may take twice as long for all else.
 */
export function nanosOfWork(): number {
  return nanosOf(() => {
    const found = new Map<string, bigint>();
    for (let index = 0; index < 500; index += 1) found.set(`key-${index % 97}`, BigInt(index));
    let sum = 0n;
    for (const [key, value] of found) sum += key.length > 5 ? value : -value;
    if (sum === 0n) throw new Error('It adds up to something.');
  });
}

/** How long something takes, others on the machine included: only the shortest of many tries says something. Nanoseconds. */
export function nanosOf(work: () => void): number {
  const startedMs = performance.now();
  work();
  return (performance.now() - startedMs) * 1e6;
}
