import type { Problem } from './problem.ts';

/** Verbs that say what a migration does to the noun after it. A new one is added here, so that synonyms don't spread. */
const VERBS: ReadonlySet<string> = new Set(
  'add alter backfill create drop grant index move partition rename replace revoke seed set split validate'.split(' '),
);

/** Checks names and numbers of the migrations of one service; `files` are relative to its folder. */
export function checkMigrationNames(folder: string, files: readonly string[]): Problem[] {
  const names = files
    .filter((file) => file.startsWith('migrations/'))
    .map((file) => file.slice('migrations/'.length))
    .sort();
  if (names.length === 0) return [{ file: `${folder}/migrations/`, message: 'holds no migration' }];
  return names.flatMap((name, index) => {
    const file = `${folder}/migrations/${name}`;
    const [, number, verb] = /^(\d{4})_([a-z]+)(?:_[a-z0-9]+)+\.sql$/.exec(name) ?? [];
    if (number === undefined || verb === undefined) {
      return [{ file, message: 'a migration is named NNNN_verb_noun.sql, such as 0001_create_users.sql' }];
    }
    const expected = String(index + 1).padStart(4, '0');
    return [
      ...(number === expected ? [] : [{ file, message: `is number ${number} where ${expected} comes next` }]),
      ...(VERBS.has(verb) ? [] : [{ file, message: `"${verb}" is none of the verbs (${[...VERBS].join(', ')})` }]),
    ];
  });
}
