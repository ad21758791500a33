import { definedStatements, type Transaction } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../src/store/find-events.ts';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { monthStart, OTHER_USER_ID, partition } from './events.ts';

const ROWS = 40_000;
const REQUEST_ID = '0190a0b0-0000-7000-8000-0000000000bb';
const NIL = '00000000-0000-0000-0000-000000000000';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

let database: TestDatabase;

// Two months of events: a hundred users, fifty types of which a few are common, and one request in a thousand.
beforeAll(async () => {
  database = await createTestDatabase('audit');
  for (const month of [-1, 0, 1]) {
    await query(database.adminUrl, 'select audit.create_month_partition($1::date)', [monthStart(month).toISOString()]);
  }
  await query(
    database.adminUrl,
    `insert into audit.security_audit_log (id, occurred_at, user_id, event_type, event_status, request_id, service, actor,
       peer)
     select gen_random_uuid(), $1::timestamptz + n * ($2::timestamptz - $1::timestamptz) / $3::int,
       case when n % 100 = 1 then $4::uuid when n % 10 = 0 then null else gen_random_uuid() end,
       'thing.done_' || translate((floor(power((n * 7919 % 10000) / 10000.0, 3) * 50))::int::text, '0123456789', 'abcdefghij'), 'success',
       case when n % 1000 = 0 then $5::uuid else gen_random_uuid() end, 'session', 'peer:app/test', 'app/test'
     from generate_series(0, $3::int - 1) n`,
    [monthStart(-1), monthStart(1), ROWS, OTHER_USER_ID, REQUEST_ID],
  );
  await query(database.adminUrl, 'analyze audit.security_audit_log');
});
afterAll(() => database.drop());

describe.each(['force_custom_plan', 'force_generic_plan'])('with %s', (mode) => {
  const types = `'{thing.done_a,thing.done_c,thing.done_be}'`;
  it.each<[name: string, index: string, columns: RegExp, values: string[]]>([
    ['find-events', 'the time', /_\d\d_occurred_at_id_idx$/, []],
    ['find-events-by-user', 'the user', /_\d\d_user_id_occurred_at_id_idx$/, ['null', `'${OTHER_USER_ID}'`]],
    [
      'find-events-by-user',
      'the user, given types too',
      /_\d\d_user_id_occurred_at_id_idx$/,
      [types, `'${OTHER_USER_ID}'`],
    ],
    ['find-events-by-request', 'the request', /_\d\d_request_id_idx$/, ['null', 'null', `'${REQUEST_ID}'`]],
    ['find-events-by-type', 'the type', /_\d\d_event_type_occurred_at_id_idx$/, [types]],
  ])('audit.%s goes by the index on %s', async (name, _, index, values) => {
    const plan = await planOf(mode, name, [...page(monthStart(-1), monthStart(2)), ...values]);
    // How the partition of next month is read does not matter: it is empty, as those that are made ahead are.
    const full = [partition(-1), partition(0)].map((table) => table.replace('audit.', ''));
    const scans = scansOf(plan).filter((scan) => full.includes(scan['Relation Name'] ?? ''));
    expect(scans.map((scan) => scan['Relation Name'])).toEqual(full);
    for (const scan of scans) expect(scan['Index Name']).toMatch(index);
  });

  it('reads a page in order, without sorting what it does not show', async () => {
    for (const [name, values] of [
      ['find-events', []],
      ['find-events-by-user', ['null', `'${OTHER_USER_ID}'`]],
    ] as const) {
      const plan = await planOf(mode, name, [...page(monthStart(-1), monthStart(2)), ...values]);
      expect(nodesOf(plan).filter((node) => node['Node Type'].includes('Sort'))).toEqual([]);
    }
  });

  it('reads one page of each type and sorts only those', async () => {
    const plan = await planOf(mode, 'find-events-by-type', [...page(monthStart(-1), monthStart(2)), types]);
    const loop = nodesOf(plan).find((node) => node['Node Type'] === 'Nested Loop');
    expect(loop?.Plans?.[1]?.['Node Type']).toBe('Limit');
    expect(nodesOf(loop?.Plans?.[1]).filter((node) => node['Node Type'].includes('Sort'))).toEqual([]);
  });
});

it('leaves out the months before the page and after the end', async () => {
  const plan = await planOf('force_custom_plan', 'find-events', page(monthStart(0), monthStart(1)));
  const tables = scansOf(plan).map((scan) => scan['Relation Name']);
  expect(tables).toEqual([partition(0).replace('audit.', '')]);
});

/** The first four parameters of each statement: where the page begins, the time at which the list ends, its length. */
function page(from: Date, before: Date): string[] {
  return [`'${from.toISOString()}'`, `'${NIL}'`, `'${before.toISOString()}'`, '101'];
}

async function planOf(mode: string, name: string, values: readonly string[]): Promise<PlanNode> {
  return withDatabase(database.adminUrl, (db) =>
    db.transaction(async (tx) => {
      await run(tx, `set local plan_cache_mode = ${mode}`);
      await run(tx, `prepare wanted as ${textOf(name)}`);
      const plan = await explain(tx, values);
      await run(tx, 'deallocate wanted');
      return plan;
    }),
  );
}

async function explain(tx: Transaction, values: readonly string[]): Promise<PlanNode> {
  const rows = await run<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    tx,
    `explain (format json) execute wanted(${values.join(', ')})`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (!plan) throw new Error('Postgres gave no plan.');
  return plan;
}

function textOf(name: string): string {
  const found = definedStatements().find((each) => each.name === `audit.${name}`);
  if (!found) throw new Error(`There is no statement audit.${name}.`);
  return found.text;
}

function nodesOf(node: PlanNode | undefined): PlanNode[] {
  return node ? [node, ...(node.Plans ?? []).flatMap(nodesOf)] : [];
}

/** What is read from the log; a bitmap scan names its index one node below. */
function scansOf(plan: PlanNode): PlanNode[] {
  return nodesOf(plan)
    .filter((node) => node['Relation Name']?.startsWith('security_audit_log'))
    .map((node) => ({ 'Index Name': nodesOf(node).find((each) => each['Index Name'])?.['Index Name'] ?? '', ...node }));
}
