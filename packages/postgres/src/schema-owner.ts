import { Failure } from '@gatehouse/failure';
import type { Connection } from './connection.ts';

/** Makes sure that a schema exists and belongs to a role. Throws Failure `precondition`, SCHEMA_NOT_OWNED. */
export async function ensureSchema(connection: Connection, schema: string, owner: string): Promise<void> {
  const { rows } = await connection.send<{ owner: string }>({
    text: 'select pg_get_userbyid(nspowner) as owner from pg_catalog.pg_namespace where nspname = $1::text',
    values: [schema],
  });
  const [found] = rows;
  if (found?.owner === owner) return;
  if (found) {
    throw new Failure('precondition', 'SCHEMA_NOT_OWNED', `The schema ${schema} exists and belongs to ${found.owner}.`);
  }
  await joinRole(connection, owner);
  await connection.send({ text: `create schema ${schema} authorization ${owner}` });
}

/** Lets the owner of a schema make temporary tables, which refreshing a materialized view beside its readers takes. */
export async function allowTemporary(connection: Connection, owner: string): Promise<void> {
  await connection.send({
    text: `do $$ begin
      if not has_database_privilege('${owner}', current_database(), 'temporary') then
        execute format('grant temporary on database %I to ${owner}', current_database());
      end if;
    end $$`,
  });
}

/** Who makes a schema for a role must be able to act as that role; a superuser always is. */
async function joinRole(connection: Connection, role: string): Promise<void> {
  const { rows } = await connection.send<{ joined: boolean }>({
    text: `select pg_has_role(current_user, $1::name, 'member') as joined`,
    values: [role],
  });
  if (!rows[0]?.joined) await connection.send({ text: `grant ${role} to current_user` });
}

/**
 * Takes away what Postgres lets everybody do in a database: make temporary tables and, before version 15, any object in
 * the schema `public`. Throws Failure `denied` when this session's role may not take it away.
 */
export async function closeDatabase(connection: Connection): Promise<void> {
  const openings = await findOpenings(connection);
  for (const { revoke } of openings) await connection.send({ text: revoke });
  // Who may not revoke gets no error from Postgres, only a warning.
  if (openings.length > 0 && (await findOpenings(connection)).length > 0) {
    throw new Failure('denied', 'PROVISION_NOT_ALLOWED', 'The admin role must own the database or be a superuser.');
  }
}

async function findOpenings(connection: Connection): Promise<{ revoke: string }[]> {
  const { rows } = await connection.send<{ revoke: string }>({
    text: `select format('revoke temporary on database %I from public', current_database()) as revoke
      where has_database_privilege('public', current_database(), 'temporary')
      union all
      select 'revoke create on schema public from public'
      from pg_catalog.pg_namespace
      where nspname = 'public' and has_schema_privilege('public', oid, 'create')`,
  });
  return rows;
}
