/**
 * How long to wait before trying again after so many failures: twice as long after each, up to a limit, and shorter by up
 * to half by chance, so that those who failed together do not come back together. Milliseconds.
 */
export function backoffMs(
  failures: number,
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs) * (0.5 + Math.random() / 2);
}
