import { definedStatements, type Transaction } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../src/main.ts';
import { query, run, withDatabase } from '@gatehouse/testing/sql';

const BUSY_USER = '0190a0b0-0000-7000-8000-0000000000aa';
const USER = '0190a0b0-0000-7000-8000-0000000000bb';
const NO_ID = '00000000-0000-0000-0000-000000000000';
const END = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

let database: TestDatabase;
/** Without a session and without statistics, as on the first day: what is planned then stays until they come. */
let empty: TestDatabase;

// Twenty thousand users with a session each; one with many that have ended and few that have not; one in a hundred
// sessions ended long ago.
beforeAll(async () => {
  [database, empty] = await Promise.all([createTestDatabase('session'), createTestDatabase('session')]);
  await query(
    database.adminUrl,
    `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
       last_activity_at)
     select gen_random_uuid(), case when n % 10 = 0 then $1::uuid else gen_random_uuid() end, sha256('x'), '{pwd}',
       now() - interval '400 days',
       case when n % 100 = 0 then now() - interval '100 days' when n % 10 = 0 and n % 1000 <> 10 then now() - interval '1 day'
         else now() + interval '10 days' end,
       now()
     from generate_series(1, 20000) n`,
    [BUSY_USER],
  );
  await query(
    database.adminUrl,
    `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
       last_activity_at)
     values (gen_random_uuid(), $1::uuid, sha256('x'), '{pwd}', now(), now() + interval '1 day', now())`,
    [USER],
  );
  await query(database.adminUrl, 'analyze session.sessions');
});
afterAll(() => Promise.all([database?.drop(), empty?.drop()]));

const NOW = 'now()';
const quoted = (text: string) => `'${text}'`;
const conditions = Array.from({ length: 7 }, () => 'null');

describe.each(['force_custom_plan', 'force_generic_plan'])('with %s', (mode) => {
  it.each<[name: string, index: string, values: string[]]>([
    ['session.hold-ended-sessions', 'sessions_by_end', [`now() - interval '30 days'`, '500']],
    ['session.find-token-hash', 'sessions_by_id', [quoted(NO_ID)]],
    ['session.find-needed-token-keys', 'sessions_by_token_key', [`'{2,3,255}'`, NOW]],
    ['session.delete-sessions', 'sessions_by_id', [`'{${BUSY_USER},${USER}}'`, `'{${NO_ID},${END}}'`]],
    ['session.hold-active-sessions', 'sessions_active', [quoted(BUSY_USER), NOW, quoted(NO_ID), '1000']],
    ['session.advance-authz-tokens', 'sessions_active', [`'{${BUSY_USER}}'`, `'{token}'`, `'{7}'`, NOW]],
    ['session.list-active-sessions', 'sessions_active', [quoted(BUSY_USER), NOW, quoted(END), "''", '51']],
    ['session.hold-surplus-sessions', 'sessions_active', [quoted(BUSY_USER), NOW, quoted(NO_ID), '99', '1000']],
    ['session.find-signed-out-users', 'sessions_active', [`'{${BUSY_USER},${USER}}'`, NOW]],
    ['session.find-list-page-end', 'sessions_pkey', [quoted(BUSY_USER), quoted(END), '4999']],
    ['session.list-all-sessions', 'sessions_pkey', [quoted(BUSY_USER), quoted(END), quoted(NO_ID), "''", '51']],
    ['session.find-search-page-end', 'sessions_by_id', [quoted(NO_ID), quoted(END), '4999']],
    ['session.search-sessions', 'sessions_by_id', [quoted(NO_ID), quoted(END), '51', NOW, ...conditions]],
    ['session.hold-found-sessions', 'sessions_by_id', [quoted(NO_ID), quoted(END), '200', NOW, ...conditions]],
    ['session.find-user-search-page-end', 'sessions_pkey', [quoted(NO_ID), quoted(END), '4999', quoted(USER)]],
    [
      'session.search-user-sessions',
      'sessions_pkey',
      [quoted(NO_ID), quoted(END), '51', NOW, ...conditions, quoted(BUSY_USER)],
    ],
  ])('%s goes by %s', async (name, index, values) => {
    const scans = (await nodesOf(mode, name, values)).filter((node) => node['Relation Name'] === 'sessions');
    expect(scans.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    const indexes = (await nodesOf(mode, name, values)).flatMap((node) => node['Index Name'] ?? []);
    expect(indexes).toContain(index);
  });

  it.each<[name: string, values: string[]]>([
    [
      'session.insert-session',
      [
        ...[NO_ID, USER, ''].map(quoted),
        `'{pwd}'`,
        ...Array(5).fill('null'),
        NOW,
        `now() + interval '1 day'`,
        ...['1', '1', 'null', 'null'],
      ],
    ],
    ['session.hold-active-sessions', [quoted(USER), NOW, quoted(NO_ID), '1000']],
    ['session.list-active-sessions', [quoted(USER), NOW, quoted(END), "''", '51']],
    ['session.hold-surplus-sessions', [quoted(USER), NOW, quoted(NO_ID), '99', '1000']],
  ])('%s goes by the user before Postgres has statistics', async (name, values) => {
    const indexes = (await nodesOf(mode, name, values, empty)).flatMap((node) => node['Index Name'] ?? []);
    expect(new Set(indexes.filter((index) => index !== 'sessions_pkey'))).toEqual(new Set(['sessions_active']));
  });

  it('what ended long ago is read in order, without sorting what is not taken', async () => {
    const values = [`now() - interval '30 days'`, '500'];
    const types = (await nodesOf(mode, 'session.hold-ended-sessions', values)).map((node) => node['Node Type']);
    expect(types.filter((type) => type.includes('Sort'))).toEqual([]);
  });
});

/** The nodes of the plan that Postgres makes of a statement of the service. */
async function nodesOf(mode: string, name: string, values: readonly string[], from = database): Promise<PlanNode[]> {
  const text = definedStatements().find((each) => each.name === name)?.text;
  if (!text) throw new Error(`There is no statement ${name}.`);
  return withDatabase(from.adminUrl, (db) =>
    db.transaction(async (tx) => {
      await run(tx, `set local plan_cache_mode = ${mode}`);
      await run(tx, `prepare planned as ${text}`);
      const [row] = await explain(tx, `explain (format json) execute planned (${values.join(', ')})`);
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
