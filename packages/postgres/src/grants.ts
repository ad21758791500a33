import { readFile } from 'node:fs/promises';
import { Failure, isFailure } from '@gatehouse/failure';
import type { Connection } from './connection.ts';
import { translate } from './errors.ts';

/** The text of a service's grants.sql. Rejects with Failure `precondition`, GRANTS_MISSING. */
export async function readGrants(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Failure('precondition', 'GRANTS_MISSING', `${path} can't be read.`, { cause: error });
  });
}

/**
 * Replaces what a role may do in a schema by what `grants` says, in one transaction, so that a right which is no longer
 * there is gone and the running service never lacks one. Looking into schema_migrations is always allowed, for readiness.
 * Rejects with Failure `precondition`, GRANTS_FAILED.
 */
export async function replaceGrants(
  connection: Connection,
  schema: string,
  role: string,
  grants: string,
): Promise<void> {
  try {
    await connection.send({ text: 'begin' });
    await connection.send({ text: resetRights(schema, role) });
    await connection.send({ text: grants });
    await connection.send({ text: 'commit' });
  } catch (error) {
    await connection.send({ text: 'rollback' }).catch(connection.destroy);
    const translated = translate(error, 'grants.sql');
    if (isFailure(translated)) throw translated;
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure('precondition', 'GRANTS_FAILED', `grants.sql of ${schema}: ${message}`, { cause: error });
  }
}

function resetRights(schema: string, role: string): string {
  return `
    set local search_path = ${schema};
    revoke all on all tables in schema ${schema} from ${role};
    revoke all on all sequences in schema ${schema} from ${role};
    revoke all on all routines in schema ${schema} from ${role};
    revoke all on schema ${schema} from ${role};
    grant usage on schema ${schema} to ${role};
    grant select on ${schema}.schema_migrations to ${role};`;
}
