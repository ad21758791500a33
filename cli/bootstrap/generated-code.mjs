import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NO_PROTOTYPE = 'globalThis.Object.create(null)';

/**
 * What ts-proto has no option for: a pattern, and what becomes of the code that it finds. Each must be found, so that a
 * version of ts-proto which writes other code does not go unnoticed.
 */
const CHANGES = [
  // Keys of maps come from outside. In an object with a prototype `__proto__` is no key, and `constructor` is always there.
  [/^function createBase\w+\(\): \w+ \{\n[\s\S]*?\n\}$/gm, (made) => made.replaceAll(': {}', `: ${NO_PROTOTYPE}`)],
  [/const object: \{ \[key: string\]: any \} = \{\};/g, (made) => made.replace('{};', `${NO_PROTOTYPE};`)],
  // A caller that was written before a field leaves it out of the message, which is its default and no error.
  [/\bfor \(const v of (message\.\w+)\) \{/g, (_all, list) => `for (const v of ${list} ?? []) {`],
  [
    /\bif \((message\.\w+) !== (""|0n?|false)\) \{/g,
    (_all, field, none) => `if (${field} !== ${none} && ${field} !== undefined) {`,
  ],
  // A time has a range (google/protobuf/timestamp.proto): what is outside is no date, and parts of a millisecond are cut off,
  // since the last ones of 9999 would be rounded into a year that is none.
  [
    /^function fromTimestamp\(t: Timestamp\): Date \{\n[\s\S]*?\n\}$/gm,
    () => `function fromTimestamp({ seconds, nanos }: Timestamp): Date {
  const isTime = seconds >= -62135596800n && seconds <= 253402300799n && nanos >= 0 && nanos <= 999999999;
  const millis = globalThis.Number(seconds) * 1_000 + globalThis.Math.floor(nanos / 1_000_000);
  return new globalThis.Date(isTime ? millis : globalThis.NaN);
}`,
  ],
  // Nanoseconds are never negative, also before 1970.
  [
    /^function toTimestamp\(date: Date\): Timestamp \{\n[\s\S]*?\n\}$/gm,
    () => `function toTimestamp(date: Date): Timestamp {
  const seconds = Math.floor(date.getTime() / 1_000);
  return { seconds: BigInt(seconds), nanos: (date.getTime() - seconds * 1_000) * 1_000_000 };
}`,
  ],
];

/** Changes the code below a folder that ts-proto has made. */
export function changeGenerated(folder) {
  const missing = new Set(CHANGES);
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.ts'));
  for (const file of files.map((name) => join(folder, name))) {
    const before = readFileSync(file, 'utf8');
    let after = before;
    for (const change of CHANGES) {
      const [pattern, replace] = change;
      const changed = after.replaceAll(pattern, replace);
      if (changed !== after) missing.delete(change);
      after = changed;
    }
    if (after !== before) writeFileSync(file, after);
  }
  const [first] = missing;
  if (first) throw new Error(`ts-proto wrote nothing in ${folder} that looks like ${first[0]}.`);
}
