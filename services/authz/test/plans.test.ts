import { idempotencyStatements } from '@gatehouse/mesh';
import { definedStatements, type Transaction } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../src/main.ts';
import { query, run, withDatabase } from '@gatehouse/testing/sql';

const BUSY_USER = '0190a0b0-0000-7000-8000-0000000000aa';
const NO_ID = '00000000-0000-0000-0000-000000000000';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

// Of the table that every service has; it is asked by openWrites.
idempotencyStatements('authz');

let database: TestDatabase;
let popular: string;

// Twenty thousand roles and grants, half of these of one role, everywhere or in one of ten scopes; one user has
// hundreds.
beforeAll(async () => {
  database = await createTestDatabase('authz');
  const sql = (text: string, values: readonly unknown[] = []) => query<{ id: string }>(database.adminUrl, text, values);
  await sql(
    `insert into authz.permissions (id, resource, action, created_at)
     select gen_random_uuid(), 'r' || n, 'read', now() from generate_series(1, 20000) n`,
  );
  await sql(
    `insert into authz.roles (id, name, level, created_at, updated_at)
     select gen_random_uuid(), 'role-' || n, 0, now(), now() from generate_series(1, 20000) n`,
  );
  const [first] = await sql(`select id from authz.roles where name = 'role-1'`);
  popular = first?.id ?? '';
  await sql(
    `insert into authz.role_grants (user_id, id, role_id, granted_at, scope)
     select case when n % 100 = 0 then $1::uuid else gen_random_uuid() end, gen_random_uuid(),
       case when n % 100 = 0 or n % 2 = 0 then r.id else $2::uuid end, now(),
       case when n % 100 = 0 then 'item/' || n when n % 3 = 0 then '' else 'tenant/' || n % 10 end
     from generate_series(1, 20000) n join authz.roles r on r.name = 'role-' || (n % 2000 + 1)`,
    [BUSY_USER, popular],
  );
  await sql(`insert into authz.revisions (user_id, revision) select distinct user_id, 1 from authz.role_grants`);
  await sql(
    `insert into authz.role_exclusions (role_id, excluded_role_id, created_at)
     select least(a.id, b.id), greatest(a.id, b.id), now()
     from generate_series(2, 1999) n join authz.roles a on a.name = 'role-' || n join authz.roles b on b.name = 'role-' || (n + 1)`,
  );
  await sql(
    `insert into authz.idempotency_keys (peer, actor_id, key, request_digest, created_at)
     select 'operator/test', $1, 'key-' || n, '\\x00', now() - n * interval '1 minute' from generate_series(1, 5000) n`,
    [NO_ID],
  );
  await sql(
    `insert into authz.changes (xid, id, user_id, revision, changed_at)
     select n::text::xid8, gen_random_uuid(), gen_random_uuid(), 1, now() - (20000 - n) * interval '1 second'
     from generate_series(1, 20000) n`,
  );
  await sql('analyze');
});
afterAll(() => database?.drop());

const ids = (...values: string[]) => `'{${values.join(',')}}'`;
const ONE_KEY = [`'operator/test'`, `'${NO_ID}'`, `'key-1'`];
const ONE_GRANT = [`'${BUSY_USER}'`, `'${NO_ID}'`];
/** Either finds the grants of a user, who has few. */
const OF_USER = /^role_grants_(pkey|user_role_scope_key)$/;
const quoted = (text: string) => `'${text}'`;

/** What each statement reads, and which indexes may serve it. A table of one row, which has no use for one, is left out. */
const READS: readonly [name: string, indexes: Readonly<Record<string, RegExp>>, values: () => string[]][] = [
  ['authz.find-user-grants', { role_grants: OF_USER, revisions: /^revisions_pkey$/ }, () => [quoted(BUSY_USER)]],
  ['authz.find-standing', { role_grants: OF_USER }, () => [quoted(BUSY_USER), quoted(popular), quoted('tenant/7')]],
  [
    'authz.delete-role-grant',
    { role_grants: /^role_grants_(user_role_scope_key|role)$/ },
    () => [quoted(BUSY_USER), quoted(popular), quoted('tenant/7')],
  ],
  [
    'authz.delete-ended-role-grant',
    { role_grants: /^role_grants_(user_role_scope_key|role)$/ },
    () => [quoted(BUSY_USER), quoted(popular), quoted('tenant/7')],
  ],
  [
    'authz.find-permission-candidates',
    { role_grants: /^role_grants_(by_role|pkey|user_role_scope_key)$/ },
    () => [ids(popular), ids(popular), `'{"",tenant/7}'`, quoted(NO_ID), '101'],
  ],
  ['authz.find-token-positions', { revisions: /^revisions_pkey$/ }, () => [ids(BUSY_USER, NO_ID)]],
  ['authz.find-grant', { role_grants: OF_USER, revisions: /^revisions_pkey$/ }, () => ONE_GRANT],
  ['authz.find-all-grants', { role_grants: OF_USER, revisions: /^revisions_pkey$/ }, () => [quoted(BUSY_USER)]],
  [
    'authz.update-grant',
    { role_grants: OF_USER },
    () => [...ONE_GRANT, `''`, 'null', 'null', `''`, `'active'`, 'null', 'null', 'null', 'null'],
  ],
  ['authz.delete-grant-by-id', { role_grants: OF_USER }, () => ONE_GRANT],
  ['authz.list-grants-of-user', { role_grants: OF_USER }, () => [quoted(BUSY_USER), quoted(NO_ID), '51']],
  [
    'authz.list-grants-of-role',
    { role_grants: /^role_grants_role$/ },
    () => [quoted(popular), quoted(NO_ID), quoted(NO_ID), '51'],
  ],
  [
    'authz.find-grants-of-users',
    { role_grants: OF_USER, revisions: /^revisions_pkey$/ },
    () => [ids(BUSY_USER, NO_ID)],
  ],
  [
    'authz.find-changes',
    { changes: /^changes_pkey$/ },
    () => [`'19000'`, `'{18000}'`, 'null', `'0'`, quoted(NO_ID), '500'],
  ],
  ['authz.find-recent-changes', { changes: /^changes_changed_at$/ }, () => ['60000', `'-infinity'`, quoted(NO_ID)]],
  ['authz.delete-old-changes', { changes: /^(changes_pkey|Tid Scan)$/ }, () => ['72', '500']],
  ['authz.lock-parent-role', { roles: /^roles_(pkey|id_level_key)$/ }, () => [quoted(popular)]],
  ['authz.find-role-name', { roles: /^roles_(pkey|id_level_key)$/ }, () => [quoted(popular)]],
  ['authz.lock-lineages', { roles: /^roles_(pkey|id_level_key)$/ }, () => [ids(popular)]],
  ['authz.find-idempotency-key', { idempotency_keys: /^idempotency_keys_pkey$/ }, () => ONE_KEY],
  ['authz.release-idempotency-key', { idempotency_keys: /^idempotency_keys_pkey$/ }, () => ONE_KEY],
  ['authz.store-idempotent-response', { idempotency_keys: /^idempotency_keys_pkey$/ }, () => [...ONE_KEY, `'\\x00'`]],
  [
    'authz.delete-idempotency-keys',
    { idempotency_keys: /^(idempotency_keys_created_at|Tid Scan)$/ },
    () => ['24', '500'],
  ],
  [
    'authz.find-exclusion-breach',
    { roles: /^roles_(pkey|id_level_key)$/, role_exclusions: /^role_exclusions_(pkey|excluded)$/ },
    () => [ids(popular, NO_ID)],
  ],
  [
    'authz.find-exclusions-among',
    { role_exclusions: /^role_exclusions_(pkey|excluded)$/ },
    () => [ids(popular, NO_ID)],
  ],
  ['authz.find-standings', { role_grants: OF_USER }, () => [ids(BUSY_USER, NO_ID)]],
  [
    'authz.find-same-grants',
    { role_grants: /^role_grants_(pkey|user_role_scope_key|role)$/ },
    () => [ids(BUSY_USER, NO_ID), ids(popular, popular), `'{"",tenant/7}'`],
  ],
  [
    'authz.delete-ended-role-grants',
    { role_grants: /^role_grants_(pkey|user_role_scope_key|role)$/ },
    () => [ids(BUSY_USER, NO_ID), ids(popular, popular), `'{"",tenant/7}'`],
  ],
  ['authz.export-grants', { role_grants: /^role_grants_pkey$/ }, () => [quoted(NO_ID), quoted(NO_ID), '501']],
  ['authz.find-role-names', { roles: /^roles_(pkey|id_level_key)$/ }, () => [ids(popular)]],
  ['authz.find-roles-by-name', { roles: /^roles_name_key$/ }, () => [`'{role-1,role-2}'`]],
  [
    'authz.find-users-of-roles',
    { role_grants: /^role_grants_(role|by_role|pkey|user_role_scope_key)$/ },
    () => [ids(popular), ids(NO_ID), quoted(NO_ID), '101'],
  ],
  [
    'authz.find-users-of-many-roles',
    { role_grants: /^role_grants_(pkey|user_role_scope_key)$/ },
    () => [ids(popular), ids(NO_ID), quoted(NO_ID), '101', '500'],
  ],
  ['authz.find-permission-ids', { permissions: /^permissions_name_key$/ }, () => [`'{r1:read,r2:read}'`]],
];

/** Those that read all there is, on purpose, or one row, or nothing. */
const UNINDEXED = [
  'authz.bump-model-revision',
  'authz.bump-revision',
  'authz.bump-revisions',
  'authz.claim-idempotency-key',
  'authz.find-log-extent',
  'authz.find-model-revision',
  'authz.find-user-role-cache-age',
  'authz.insert-changes',
  'authz.insert-held-permissions',
  'authz.insert-permission',
  'authz.insert-permissions',
  'authz.insert-role',
  'authz.insert-role-exclusions',
  'authz.insert-role-grant',
  'authz.insert-role-grants',
  'authz.insert-role-permissions',
  'authz.insert-roles',
  'authz.load-model',
  'authz.note-swept-changes',
  'authz.now',
  'authz.read-held-permissions',
  'authz.read-permissions',
  'authz.read-role-exclusions',
  'authz.read-roles',
  'authz.refresh-user-role-cache',
];

/** Those by which the model is administered, now and then: it is small, and reading all of it is not worth an index. */
const OF_THE_MODEL = [
  'authz.count-holders-of-both',
  'authz.count-uses-of-permission',
  'authz.count-uses-of-role',
  'authz.delete-exclusions-of-role',
  'authz.delete-grants-of-role',
  'authz.delete-grants-of-roles',
  'authz.delete-held-permissions',
  'authz.delete-held-permissions-of-roles',
  'authz.delete-permission',
  'authz.delete-permission-from-roles',
  'authz.delete-permissions',
  'authz.delete-permissions-of-role',
  'authz.delete-permissions-of-roles',
  'authz.delete-role',
  'authz.delete-role-exclusion',
  'authz.delete-role-exclusions',
  'authz.delete-roles',
  'authz.describe-role',
  'authz.describe-roles',
  'authz.find-breach-of-exclusions',
  'authz.find-breach-of-move',
  'authz.find-held-permissions',
  'authz.find-permission',
  'authz.find-role',
  'authz.find-roles-in-use',
  'authz.insert-role-exclusion',
  'authz.is-ancestor-of-role',
  'authz.list-permissions',
  'authz.list-role-exclusions',
  'authz.list-roles',
  'authz.lock-subtrees',
  'authz.move-roles',
  'authz.place-roles',
  'authz.update-permission',
  'authz.update-permissions',
  'authz.update-role-exclusions',
];

/** The tables that each service has alike. The packages define what is asked of them, once a service starts. */
const SHARED = /\bauthz\.(outbox|invalidations)\b/;

it('every statement of the service is looked at here', () => {
  const own = definedStatements().filter(({ name, text }) => name.startsWith('authz.') && !SHARED.test(text));
  const known = [...READS.map(([name]) => name), ...UNINDEXED, ...OF_THE_MODEL];
  expect([...new Set(own.map(({ name }) => name))].sort()).toEqual(known.sort());
});

describe.each(['force_custom_plan', 'force_generic_plan'])('with %s', (mode) => {
  it.each(READS)('%s goes by an index', async (name, indexes, values) => {
    const nodes = await nodesOf(mode, name, values());
    for (const [table, expected] of Object.entries(indexes)) {
      const used = nodes.filter((node) => node['Relation Name'] === table).flatMap(indexOf);
      expect(used.length, table).toBeGreaterThan(0);
      for (const index of used) expect(index, table).toMatch(expected);
    }
  });

  it('the users of a role are read in their order, and no further than the page goes', async () => {
    // Near the first user: few rows are left near the last, and then another way is as good.
    const values = [
      ids(popular),
      ids(popular),
      `'{"",tenant/7}'`,
      quoted('10000000-0000-4000-8000-000000000000'),
      '101',
    ];
    const nodes = await nodesOf(mode, 'authz.find-permission-candidates', values);
    const byRole = nodes.filter((node) => node['Index Name'] === 'role_grants_by_role');
    expect(byRole.map((node) => node['Node Type'])).toEqual(['Index Only Scan']);
  });
});

/** The indexes by which a node reads its table; the name of the node where it goes by none. */
function indexOf(node: PlanNode): string[] {
  // What is written has its table at the top, and below it how the rows are found.
  if (['ModifyTable', 'LockRows'].includes(node['Node Type'])) return [];
  const below = (node.Plans ?? []).flatMap(walk).flatMap((each) => each['Index Name'] ?? []);
  if (node['Index Name']) return [node['Index Name']];
  return node['Node Type'] === 'Bitmap Heap Scan' ? below : [node['Node Type']];
}

/** The nodes of the plan that Postgres makes of a statement of the service. */
async function nodesOf(mode: string, name: string, values: readonly string[]): Promise<PlanNode[]> {
  const text = definedStatements().find((each) => each.name === name)?.text;
  if (!text) throw new Error(`There is no statement ${name}.`);
  return withDatabase(database.adminUrl, (db) =>
    db.transaction(async (tx) => {
      await run(tx, `set local plan_cache_mode = ${mode}`);
      await run(tx, `prepare planned as ${text}`);
      const arguments_ = values.length === 0 ? '' : ` (${values.join(', ')})`;
      const [row] = await explain(tx, `explain (format json) execute planned${arguments_}`);
      await run(tx, 'deallocate planned');
      const plan = row?.['QUERY PLAN'][0]?.Plan;
      if (!plan) throw new Error('Postgres explained nothing.');
      return walk(plan);
    }),
  );
}

function explain(tx: Transaction, text: string) {
  return run<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(tx, text);
}

function walk(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(walk)];
}
