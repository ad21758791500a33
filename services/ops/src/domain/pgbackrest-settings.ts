/** What ops has to know of pgBackRest's own configuration. */
export interface PgBackRestSettings {
  /** Data directories of the stanza's clusters. */
  readonly dataDirectories: readonly string[];
  /** Name of the superuser as whom pgBackRest connects; undefined when it is that of the operating system's account. */
  readonly databaseUser: string | undefined;
  /** Values that must never be repeated. */
  readonly secrets: readonly string[];
}

const SECRET_OPTION = /(?:-pass|-passphrase|-key|-key-secret|-token|-password)$/;

/** Reads the text of a pgbackrest.conf. */
export function parseSettings(text: string, stanza: string): PgBackRestSettings {
  const dataDirectories: string[] = [];
  const secrets: string[] = [];
  let databaseUser: string | undefined;
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    const [, name, value] = /^\s*([a-z0-9-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    if (SECRET_OPTION.test(name)) secrets.push(value);
    if (section !== stanza && section !== 'global') continue;
    if (/^pg\d+-path$/.test(name)) dataDirectories.push(value);
    // A stanza's own setting wins over the global one.
    if (name === 'pg1-user' && (section === stanza || databaseUser === undefined)) databaseUser = value;
  }
  return { dataDirectories, databaseUser, secrets };
}
