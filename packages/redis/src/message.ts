/** What changed: an id, and the version from which on the change is in the truth. */
export interface Change {
  readonly id: string;
  readonly version: bigint;
}

/** Most changes in one message; more are split over several. */
export const MESSAGE_CHANGES_MAX = 500;

/** The part of a message that its publisher writes: a topic and pairs of id and version. */
export function encodeChanges(topic: string, changes: readonly Change[]): string {
  return JSON.stringify([topic, ...changes.flatMap(({ id, version }) => [id, version.toString()])]);
}

/** A message as it arrives: its number, a line feed, and what encodeChanges wrote. Undefined if it is not one. */
export function parseMessage(text: string) {
  const end = text.indexOf('\n');
  const number = Number(text.slice(0, end));
  if (end < 1 || !Number.isSafeInteger(number)) return undefined;
  const words = parseWords(text.slice(end + 1));
  const [topic, ...pairs] = words ?? [];
  if (topic === undefined || pairs.length % 2 !== 0) return undefined;
  const changes: Change[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const [id, version] = [pairs[index], pairs[index + 1]];
    if (id === undefined || version === undefined || !/^\d{1,20}$/.test(version)) return undefined;
    changes.push({ id, version: BigInt(version) });
  }
  return { number, topic, changes };
}

function parseWords(json: string): string[] | undefined {
  try {
    const words: unknown = JSON.parse(json);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}
