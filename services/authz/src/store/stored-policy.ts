import { Failure } from '@gatehouse/failure';
import { type Queryable, statement } from '@gatehouse/postgres';
import type { RoleExclusion } from '../domain/exclusion.ts';
import { type Effect, type Held, heldAs } from '../domain/role-update.ts';
import { type StoredPolicy, storedPolicy } from '../domain/stored-policy.ts';
import { findModelRevision } from './model.ts';
import { EXCLUSION_COLUMNS, type ExclusionRow, toExclusion } from './role-exclusions.ts';
import { PERMISSION_COLUMNS, type PermissionRow, toPermission } from './stored-permissions.ts';
import { ROLE_COLUMNS, type RoleRow, toRole } from './stored-roles.ts';

const PERMISSIONS = statement<PermissionRow>(
  'authz.read-permissions',
  `select ${PERMISSION_COLUMNS} from authz.permissions order by name`,
);
const ROLES = statement<RoleRow>('authz.read-roles', `select ${ROLE_COLUMNS} from authz.roles order by name`);
interface HeldRow {
  role_id: string;
  names: string[];
  effects: Effect[];
  conditions: string[];
}

const HELD = statement<HeldRow>(
  'authz.read-held-permissions',
  `select rp.role_id, array_agg(p.name order by p.name) as names, array_agg(rp.effect order by p.name) as effects,
     array_agg(rp.condition order by p.name) as conditions
   from authz.role_permissions rp join authz.permissions p on p.id = rp.permission_id group by rp.role_id`,
);
const EXCLUSIONS = statement<ExclusionRow>(
  'authz.read-role-exclusions',
  `select ${EXCLUSION_COLUMNS} from authz.role_exclusions`,
);

/** How often the model is read again because it changed under the reader. */
const ATTEMPTS = 5;

/** The model. Whoever reads it in a transaction has bumped its revision first, so that it is all of one. */
export async function readPolicy(db: Queryable): Promise<StoredPolicy> {
  const permissions = await db.query(PERMISSIONS);
  const roles = await db.query(ROLES);
  const held = await db.query(HELD);
  const exclusions = await db.query(EXCLUSIONS);
  return storedPolicy(
    permissions.map(toPermission),
    roles.map(toRole),
    new Map(held.map(({ role_id: id, ...columns }): [string, Held] => [id, heldOf(columns)])),
    exclusions.map((row): RoleExclusion => toExclusion(row)),
  );
}

/** The model as of one revision, without keeping anybody from changing it. Throws Failure `conflict` MODEL_CHANGING. */
export async function readPolicyAsOf(
  db: Queryable,
): Promise<{ readonly stored: StoredPolicy; readonly revision: bigint }> {
  let revision = await findModelRevision(db);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = await readPolicy(db);
    const newest = await findModelRevision(db);
    if (newest === revision) return { stored, revision };
    revision = newest;
  }
  throw new Failure('conflict', 'MODEL_CHANGING', 'The model changes faster than it can be read.');
}

function heldOf({ names, effects, conditions }: Omit<HeldRow, 'role_id'>): Held {
  return new Map(names.map((name, index) => [name, heldAs(effects[index] ?? 'deny', conditions[index] ?? '')]));
}
