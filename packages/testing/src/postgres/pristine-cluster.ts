import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPostgres } from '../binaries.mjs';
import { storeEnvironment } from '../config.ts';
import { temporaryHome } from '../data-home.ts';
import { storeUser } from '../os-user.ts';
import { makePrivateDirectory, prepareCluster } from './cluster.ts';

/** A data directory as initdb leaves it, which no server uses: those of tests begin as copies of it. */
export interface PristineCluster {
  readonly dataDirectory: string;
  remove(): void;
}

/** Makes one in a temporary folder; undefined where Postgres runs in containers. */
export async function makePristineCluster(): Promise<PristineCluster | undefined> {
  if (findPostgres(storeEnvironment().path).length === 0) return undefined;
  const user = storeUser();
  const folder = mkdtempSync(join(temporaryHome(user), 'gatehouse-pristine-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A run that is interrupted is not torn down.
  process.once('exit', remove);
  makePrivateDirectory(folder, user);
  const { dataDirectory } = await prepareCluster(join(folder, 'data'), user);
  return { dataDirectory, remove };
}
