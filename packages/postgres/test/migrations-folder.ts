import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A service's folder with migrations, of one test's own. */
export interface MigrationsFolder extends AsyncDisposable {
  readonly directory: string;
  /** Writes or replaces a migration, or, as `../grants.sql`, the rights. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Makes one with these files in it. */
export async function migrationsFolder(files: Readonly<Record<string, string>> = {}): Promise<MigrationsFolder> {
  const home = await mkdtemp(join(tmpdir(), 'gatehouse-migrations-'));
  const directory = join(home, 'migrations');
  await mkdir(directory);
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await Promise.all(Object.entries(files).map(([name, text]) => write(name, text)));
  return {
    directory,
    write,
    remove: (name) => rm(join(directory, name)),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true }),
  };
}
