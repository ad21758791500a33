import { fileProblem, readBy } from '@gatehouse/process';
import { parseUrl } from './url.ts';

/** A setting: the URL of a Postgres database and the role to use there, as `parseUrl` reads it. */
export const postgresUrl = readBy((text) => {
  const { tls } = parseUrl(text);
  const files = { sslrootcert: tls?.rootCertificatePath, sslcert: tls?.certificatePath, sslkey: tls?.keyPath };
  for (const [name, path] of Object.entries(files)) {
    const problem = path === undefined ? undefined : fileProblem(path);
    if (problem !== undefined) throw new Error(`${name} ${problem}.`);
  }
}, 'postgres://user:password@host:5432/database');
