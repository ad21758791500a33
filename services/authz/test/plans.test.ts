import { randomUUID } from 'node:crypto';
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

let database: TestDatabase;
let popular: string;

// Two hundred roles, of which everybody has the first, and twenty thousand users with one other each, in one of ten
// scopes; one user with hundreds.
beforeAll(async () => {
  database = await createTestDatabase('authz');
  const sql = (text: string, values: readonly unknown[] = []) => query<{ id: string }>(database.adminUrl, text, values);
  await sql(
    `insert into authz.permissions (id, resource, action, created_at)
     select gen_random_uuid(), 'r' || n, 'read', now() from generate_series(1, 2000) n`,
  );
  await sql(
    `insert into authz.roles (id, name, level, created_at, updated_at)
     select gen_random_uuid(), 'role-' || n, 0, now(), now() from generate_series(1, 2000) n`,
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
  await sql('analyze');
});
afterAll(() => database?.drop());

const ids = (...values: string[]) => `'{${values.join(',')}}'`;
const quoted = (text: string) => `'${text}'`;

describe.each(['force_custom_plan', 'force_generic_plan'])('with %s', (mode) => {
  it.each<[name: string, table: string, indexes: RegExp, values: () => string[]]>([
    [
      'authz.find-permission-candidates',
      'role_grants',
      /^(role_grants_by_role|role_grants_(pkey|user_role_scope_key))$/,
      () => [ids(popular), ids(popular), `'{"",tenant/7}'`, quoted(NO_ID), '101'],
    ],
  ])('%s reads %s by an index', async (name, table, indexes, values) => {
    const scans = (await nodesOf(mode, name, values())).filter((node) => node['Relation Name'] === table);
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) expect(scan['Index Name'], scan['Node Type']).toMatch(indexes);
  });

  it('the users of a role are read in their order, and no further than the page goes', async () => {
    const values = [ids(popular), ids(popular), `'{"",tenant/7}'`, quoted(randomUUID()), '101'];
    const nodes = await nodesOf(mode, 'authz.find-permission-candidates', values);
    const byRole = nodes.filter((node) => node['Index Name'] === 'role_grants_by_role');
    expect(byRole.map((node) => node['Node Type'])).toEqual(['Index Only Scan']);
  });
});

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
