/** Longer words are compared with nothing: the work grows with the product of the lengths. */
const WORD_CHARACTERS_MAX = 64;
/** Most words that one is compared with. */
const CANDIDATES_MAX = 1_000;

/** ` Did you mean x?` for the known word that is nearest to another, or nothing when none is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  if (word.length > WORD_CHARACTERS_MAX) return '';
  let best: string | undefined;
  let bestDistance = Math.floor(word.length / 3) + 1.5;
  let left = CANDIDATES_MAX;
  for (const candidate of known) {
    if (left === 0) break;
    left -= 1;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = distanceOf(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === undefined ? '' : ` Did you mean ${best}?`;
}

/** Levenshtein's distance. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
