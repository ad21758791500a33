import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '@gatehouse/failure';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { codeOf } from './errors.ts';
import { matchesVerifier, scramVerifier } from './scram.ts';

/** The two roles of a service: one owns its schema, the other one is what the service runs as. */
export function roleNames(service: string): { owner: string; app: string } {
  return { owner: `gatehouse_${service}_owner`, app: `gatehouse_${service}` };
}

/**
 * Roles belong to the whole server, and the lock of one database keeps nobody off in another: creating one twice at once
 * fails with one of these, and so does changing one twice.
 */
const RACES = ['23505', '42710', 'XX000'];
const RACE_ATTEMPTS = 10;
const RACE_PAUSE_MS = 50;

/** Makes sure that a role can log in with this password and can do nothing besides. */
export async function ensureRole(connection: Connection, role: string, password: string): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      await createOrAlter(connection, role, password);
      return;
    } catch (error) {
      if (!RACES.includes(codeOf(error) ?? '') || attempts >= RACE_ATTEMPTS) throw error;
    }
    await delay(RACE_PAUSE_MS * Math.random());
  }
}

async function createOrAlter(connection: Connection, role: string, password: string): Promise<void> {
  const found = await findRole(connection, role);
  if (found?.isPowerful) {
    throw new Failure('precondition', 'ROLE_TOO_POWERFUL', `The role ${role} exists and may do more than log in.`, {
      metadata: { role },
    });
  }
  // Left alone when it is right: many databases of one server may be provisioned at once, and each change is a race.
  if (found?.canLogIn && (await hasPassword(connection, role, password))) return;
  const command = found ? 'alter' : 'create';
  const verifier = pg.escapeLiteral(scramVerifier(password));
  await connection.send({ text: `${command} role ${role} login password ${verifier}` });
}

interface FoundRole {
  readonly canLogIn: boolean;
  readonly isPowerful: boolean;
}

async function findRole(connection: Connection, role: string): Promise<FoundRole | undefined> {
  const { rows } = await connection.send<FoundRole>({
    text: `select rolcanlogin as "canLogIn",
        rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as "isPowerful"
      from pg_catalog.pg_roles where rolname = $1::text`,
    values: [role],
  });
  return rows[0];
}

/** False as well when this session may not know: only a superuser may. */
async function hasPassword(connection: Connection, role: string, password: string): Promise<boolean> {
  const may = await connection.send<{ look: boolean }>({
    text: `select has_table_privilege('pg_catalog.pg_authid', 'select') as look`,
  });
  if (!may.rows[0]?.look) return false;
  const { rows } = await connection.send<{ verifier: string }>({
    text: `select coalesce(rolpassword, '') as verifier from pg_catalog.pg_authid where rolname = $1::text`,
    values: [role],
  });
  return matchesVerifier(password, rows[0]?.verifier ?? '');
}
