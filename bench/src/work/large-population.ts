import { createHash } from 'node:crypto';
import { type Database, statement } from '@gatehouse/postgres';
import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { KnownCheck } from './checks.ts';

/** Roles below one another. */
const DEPTH = 10;
/** Permissions of each role that no other role has by itself. */
const OWN_PERMISSIONS = 10;
/** There are so many users for each role, as there are a million for ten thousand. */
const USERS_OF_ROLE = 100;
/** Fewer would give both grants of a user, and what it is to be denied, to one chain. */
const CHAINS_MIN = 4;
const USERS_IN_STATEMENT = 20_000;

/** A model in proportion to its users: chains of ten roles, of which each inherits from the one before. */
export interface LargeModel {
  readonly users: number;
  readonly roles: number;
  readonly permissions: number;
  /** What all roles hold, counted with what they inherit. */
  readonly heldPermissions: number;
}

export function largeModel(users: number): LargeModel {
  const chains = Math.max(CHAINS_MIN, Math.floor(users / USERS_OF_ROLE / DEPTH));
  const roles = chains * DEPTH;
  return {
    users,
    roles,
    permissions: roles * OWN_PERMISSIONS,
    heldPermissions: chains * OWN_PERMISSIONS * ((DEPTH * (DEPTH + 1)) / 2),
  };
}

const INSERT_ROLES = statement(
  'bench.insert-roles',
  `insert into authz.roles (id, name, parent_role_id, level, created_at, updated_at)
   select gen_random_uuid(), format('chain-%s-%s', chain, $2::integer), parent.id, $2::integer, now(), now()
   from generate_series(0, $1::integer - 1) chain
   left join authz.roles parent on parent.name = format('chain-%s-%s', chain, $2::integer - 1)`,
);
const INSERT_PERMISSIONS = statement(
  'bench.insert-permissions',
  `insert into authz.permissions (id, resource, action, created_at)
   select gen_random_uuid(), r.name, format('act-%s', n), now()
   from authz.roles r, generate_series(0, $1::integer - 1) n where r.name like 'chain-%' and r.level = $2::integer`,
);
const INSERT_HELD = statement(
  'bench.insert-held',
  `insert into authz.role_permissions (id, role_id, permission_id, granted_at)
   select gen_random_uuid(), r.id, p.id, now() from authz.roles r join authz.permissions p on p.resource = r.name
   where r.name like 'chain-%' and r.level = $1::integer`,
);
// Every user has one grant, and every second one has another.
const INSERT_GRANTS = statement(
  'bench.insert-grants',
  `insert into authz.role_grants (user_id, id, role_id, granted_at)
   select md5('user-' || n)::uuid, gen_random_uuid(), r.id, now()
   from generate_series($1::integer, $2::integer) n
   cross join lateral (
     values (n % $3::integer), (case when n % 2 = 0 then (n + $3::integer / 2) % $3::integer end)
   ) given (index)
   join authz.roles r on r.name = format('chain-%s-%s', given.index / ${DEPTH}, given.index % ${DEPTH})`,
);
const INSERT_REVISIONS = statement(
  'bench.insert-revisions',
  `insert into authz.revisions (user_id, revision)
   select md5('user-' || n)::uuid, 1 from generate_series($1::integer, $2::integer) n`,
);
const ANALYZE = ['roles', 'permissions', 'role_permissions', 'role_grants', 'revisions'].map((table) =>
  statement(`bench.analyze-${table}`, `analyze authz.${table}`),
);

/** Puts the model and its users into Postgres, by rows, because a million calls would take too long. No cache is told. */
export async function insertPopulation(db: Database, { users, roles }: LargeModel, signal: AbortSignal): Promise<void> {
  for (let level = 0; level < DEPTH; level += 1) {
    signal.throwIfAborted();
    await db.query(INSERT_ROLES, [roles / DEPTH, level]);
    await db.query(INSERT_PERMISSIONS, [OWN_PERMISSIONS, level]);
    await db.query(INSERT_HELD, [level]);
  }
  for (let first = 0; first < users; first += USERS_IN_STATEMENT) {
    signal.throwIfAborted();
    const last = Math.min(first + USERS_IN_STATEMENT, users) - 1;
    await db.query(INSERT_GRANTS, [first, last, roles]);
    await db.query(INSERT_REVISIONS, [first, last]);
  }
  for (const analyze of ANALYZE) await db.query(analyze);
}

/**
 * One check each of `count` users, spread over all and over all depths of roles: by turns ten that are to be allowed, by the
 * topmost role of the user's chain, and ten that are to be denied.
 */
export function checksOfPopulation({ users, roles }: LargeModel, count: number): KnownCheck[] {
  const step = Math.max(1, Math.floor(users / count));
  return Array.from({ length: Math.min(count, users) }, (_, index) => {
    // Without the rest, a step of a multiple of ten would only meet users of one depth.
    const user = index * step + (index % step);
    const isAllowed = Math.floor(index / DEPTH) % 2 === 0;
    const chain = Math.floor((user % roles) / DEPTH);
    const asked = isAllowed ? chain : (chain + 1) % (roles / DEPTH);
    return {
      userId: userIdOf(user),
      roles: [],
      permission: `chain-${asked}-0:act-${index % OWN_PERMISSIONS}`,
      expected: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED,
    };
  });
}

/** The id of a user, as the statements above make it. */
export function userIdOf(user: number): string {
  const hex = createHash('md5').update(`user-${user}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
