/** What is left out at the end. */
const CUT = '…';

/**
 * How a value begins in JSON: its first characters and `…` where there are more. Whoever asks chooses the value, so no more of
 * it is read than is shown. Keys stay in their order; a Date is a text, a bigint a number. Never throws.
 */
export function jsonStart(value: unknown, charactersMax: number): string {
  if (value === undefined) return '(not given)';
  const text = write('', value, charactersMax);
  return text.length > charactersMax ? text.slice(0, charactersMax) + CUT : text;
}

/** Writes until there is more than is shown. Each level writes a character, so that it never goes deeper than that. */
function write(before: string, value: unknown, max: number): string {
  if (before.length > max) return before;
  if (typeof value === 'string') return before + quoted(value, max);
  if (typeof value === 'bigint') return before + value;
  if (typeof value !== 'object' || value === null) return before + (JSON.stringify(value) ?? 'null');
  if (value instanceof Date) return before + (JSON.stringify(value) ?? 'null');
  return Array.isArray(value) ? list(before, value, max) : map(before, value as Record<string, unknown>, max);
}

/** A character of a text is at least one of JSON. */
function quoted(text: string, max: number): string {
  return JSON.stringify(text.length > max ? text.slice(0, max + 1) : text);
}

function list(before: string, items: readonly unknown[], max: number): string {
  let text = `${before}[`;
  for (let at = 0; at < items.length && text.length <= max; at += 1) {
    text = write(at === 0 ? text : `${text},`, items[at], max);
  }
  return `${text}]`;
}

function map(before: string, entries: Record<string, unknown>, max: number): string {
  let text = `${before}{`;
  let comma = '';
  for (const key in entries) {
    if (text.length > max) break;
    if (!Object.hasOwn(entries, key)) continue;
    const value = entries[key];
    if (value === undefined) continue;
    text = write(`${text}${comma}${quoted(key, max)}:`, value, max);
    comma = ',';
  }
  return `${text}}`;
}
