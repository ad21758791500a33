/** Lets a bounded number of lookups be under way at once; the others wait their turn. */
export interface LookupGate {
  run<T>(lookup: () => Promise<T>): Promise<T>;
}

/** Opens a gate for at most `lookupsMax` lookups at once. */
export function lookupGate(lookupsMax: number): LookupGate {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  return {
    async run(lookup) {
      if (underWay < lookupsMax) underWay += 1;
      // Whoever leaves hands its place over, so that nobody who comes just then can take it.
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await lookup();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else underWay -= 1;
      }
    },
  };
}
