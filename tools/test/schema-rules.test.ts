import { describe, expect, it } from 'vitest';
import { readMigratedSchemas } from '../src/migrated-schemas.ts';
import { toLine } from '../src/problem.ts';
import { checkSchemaRules } from '../src/schema-rules.ts';
import { plantTree } from './planted-tree.ts';

const FIRST = 'services/planted/migrations/0001_create_tables.sql';

/** Migrates a schema of its own and answers with the problems of each table, without the place. */
const problemsOf = async (sql: string) => {
  const root = await plantTree({ [FIRST]: sql, 'services/planted/grants.sql': '' });
  const problems = await checkSchemaRules(root);
  return problems.map((problem) => problem.message.replace(/^planted\./, ''));
};

const SOUND = `
  create table planted.users (
    id uuid primary key, created_at timestamptz not null default now(), tags text[], during tstzrange, born date);
  comment on table planted.users is 'distributed by id; rows live for ever';
  create table planted.sessions (
    user_id uuid not null references planted.users (id) on delete cascade, id uuid not null, parent uuid,
    role_id uuid, primary key (user_id, id),
    foreign key (user_id, parent) references planted.sessions (user_id, id) on delete set null (parent),
    exclude using btree (user_id with =, id with =));
  comment on table planted.sessions is 'distributed by user_id; rows live as long as their user; one for each device';
  create unique index on planted.sessions (user_id, lower(id::text));
  create table planted.roles (id uuid primary key, parent uuid references planted.roles, number bigserial);
  comment on table planted.roles is 'reference; rows live until they are deleted';
  alter table planted.sessions add foreign key (role_id) references planted.roles (id) on delete set null;
  create function planted.touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger touch before update on planted.roles for each row execute function planted.touch();
  create table planted.outbox (id uuid primary key, role_id uuid references planted.roles, at timestamptz);
  comment on table planted.outbox is 'local; rows leave by outbox-relay after delivery';
  create table planted.log (id uuid, at timestamptz not null, primary key (id, at)) partition by range (at);
  create table planted.log_2026 partition of planted.log for values from ('2026-01-01') to ('2027-01-01');
  comment on table planted.log is 'distributed by id; rows live for ever';
`;

describe('checkSchemaRules', () => {
  it('finds nothing in a schema that keeps the rules', async () => {
    expect(await problemsOf(SOUND)).toEqual([]);
  });

  it('looks at materialized views as at tables, at the line that makes them', async () => {
    const view =
      'create materialized view planted.totals as select count(*) as users, now()::timestamp as at from planted.users;';
    const root = await plantTree({ [FIRST]: `${SOUND}${view}`, 'services/planted/grants.sql': '' });
    const line = `${SOUND}${view}`.slice(0, SOUND.length).split('\n').length;
    expect((await checkSchemaRules(root)).map(toLine)).toEqual([
      expect.stringMatching(
        new RegExp(`0001_create_tables.sql:${line}.*planted.totals has no comment that begins with`),
      ),
      expect.stringMatching(/planted.totals has the time at as timestamp without time zone/),
    ]);
  });

  it('refuses every table that breaks a rule', async () => {
    const table = (name: string, columns: string, comment: string) =>
      `create table planted.${name} (${columns}); comment on table planted.${name} is '${comment}; rows live for ever';\n`;
    const byUser = 'distributed by user_id';
    const key = 'user_id uuid not null, id uuid not null, primary key (user_id, id)';
    const sql = `${SOUND}
      create table planted.a01 (id uuid primary key);
      comment on table planted.outbox is 'reference; rows live for ever';
      create domain planted.moment as timestamp;
      ${table('a00', 'id uuid primary key', 'local')}
      ${table('a02', 'id uuid primary key', 'spread by id')}
      ${table('a03', 'id uuid primary key', 'distributed by user_id')}
      ${table('a04', 'user_id uuid', byUser)}
      ${table('a05', 'user_id uuid not null, id uuid primary key', byUser)}
      ${table('a06', 'user_id uuid not null, name text unique', byUser)}
      ${table('a07', 'user_id uuid not null', byUser)}
      create unique index a07_expression on planted.a07 ((user_id::text));
      ${table('a08', 'user_id uuid not null, name text', byUser)}
      create unique index a08_included on planted.a08 (name) include (user_id);
      ${table('a09', 'user_id uuid not null, during tstzrange, exclude using gist (during with &&)', byUser)}
      ${table('a10', `${key}, owner uuid references planted.users (id)`, byUser)}
      ${table('a11', `${key}, foreign key (id, user_id) references planted.sessions (user_id, id)`, byUser)}
      ${table('a12', `${key}, event uuid references planted.a00 (id)`, byUser)}
      ${table('a13', 'id uuid primary key references planted.users (id)', 'reference')}
      ${table('a14', 'id uuid primary key references planted.users (id)', 'local')}
      ${table('a15', 'id uuid primary key references planted.a00 (id)', 'reference')}
      ${table('a17', `${key}, foreign key (user_id, id) references planted.sessions (user_id, id) on delete set null`, byUser)}
      ${table('a18', `${key}, foreign key (user_id) references planted.users (id) on delete set default`, byUser)}
      ${table('a19', `${key}, foreign key (user_id) references planted.users (id) on update cascade`, byUser)}
      ${table('a20', key, byUser)}
      create trigger touch before update on planted.a20 for each row execute function planted.touch();
      ${table('a21', key, byUser)}
      create rule ignore as on delete to planted.a21 do instead nothing;
      ${table('a22', `${key}, at timestamp`, byUser)}
      ${table('a23', 'id uuid, at timestamp(3)[], daily timetz, moment planted.moment, during tsrange', 'local')}
      ${table('a24', 'id uuid, during tsmultirange', 'reference')}
      ${table('a25', `${key}, number bigserial`, byUser)}
      ${table('a26', `${key}, number bigint generated always as identity`, byUser)}
    `;
    expect(await problemsOf(sql)).toEqual([
      'a01 has no comment that begins with "distributed by <column>;", "reference;" or "local;"',
      'a02 has no comment that begins with "distributed by <column>;", "reference;" or "local;"',
      'a03 is distributed by user_id, which is none of its columns',
      'a03 has the unique key a03_pkey without user_id, by which it is distributed',
      'a04 is distributed by user_id, which may be null',
      'a05 has the unique key a05_pkey without user_id, by which it is distributed',
      'a06 has the unique key a06_name_key without user_id, by which it is distributed',
      'a07 has the unique key a07_expression without user_id, by which it is distributed',
      'a08 has the unique key a08_included without user_id, by which it is distributed',
      'a09 has the unique key a09_during_excl without user_id, by which it is distributed',
      'a10 has the foreign key a10_owner_fkey that does not pair user_id with users.id',
      'a11 has the foreign key a11_id_user_id_fkey that does not pair user_id with sessions.user_id',
      'a12 has the foreign key a12_event_fkey from a distributed table to a local one',
      'a13 has the foreign key a13_id_fkey from a reference table to a distributed one',
      'a14 has the foreign key a14_id_fkey from a local table to a distributed one',
      'a15 has the foreign key a15_id_fkey from a reference table to a local one',
      'a17 lets the foreign key a17_user_id_id_fkey change user_id, by which it is distributed',
      'a18 lets the foreign key a18_user_id_fkey change user_id, by which it is distributed',
      'a19 lets the foreign key a19_user_id_fkey change user_id, by which it is distributed',
      'a20 is distributed and has the trigger touch',
      'a21 is distributed and has the rule ignore',
      'a22 has the time at as timestamp without time zone; a time is timestamptz',
      'a23 has the time at as timestamp(3) without time zone[]; a time is timestamptz',
      'a23 has the time daily as time with time zone; a time is timestamptz',
      'a23 has the time moment as planted.moment; a time is timestamptz',
      'a23 has the time during as tsrange; a time is timestamptz',
      'a24 has the time during as tsmultirange; a time is timestamptz',
      'a25 counts number with a sequence',
      'a26 counts number with a sequence',
      'outbox is an outbox, which is local',
    ]);
  });

  it('refuses a foreign key into the schema of another service', async () => {
    const key = { name: 'things_user', columns: ['id'], targetColumns: ['id'], changedColumns: [] };
    const table = {
      name: 'things',
      comment: 'local; rows live for ever',
      columns: [],
      uniqueKeys: [],
      foreignKeys: [{ ...key, targetSchema: 'identity', targetTable: 'users' }],
      triggers: [],
      rules: [],
    };
    const schemas = [{ service: 'planted', tables: [table], dump: '' }];
    expect((await checkSchemaRules(await plantTree({}), { schemas, failures: [] })).map(toLine)).toEqual([
      'services/planted/migrations: planted.things has the foreign key things_user into the schema identity',
    ]);
  });

  it('names the migration and the line that creates the table', async () => {
    const root = await plantTree({
      [FIRST]: 'create table planted.users_by_name (id uuid);\n',
      'services/planted/migrations/0002_create_users.sql': '\ncreate table if not exists planted.users (id uuid);\n',
      'services/planted/grants.sql': '',
    });
    expect(await checkSchemaRules(root)).toMatchObject([
      { file: 'services/planted/migrations/0002_create_users.sql', line: 2 },
      { file: FIRST, line: 1 },
    ]);
  });

  it('says which service cannot be migrated, and goes on with the next', async () => {
    const root = await plantTree({
      [FIRST]: 'create table planted.users (id nonsense);',
      'services/planted/grants.sql': '',
      'services/sound/migrations/0001_create_tables.sql': 'create table sound.a (id uuid);',
      'services/sound/grants.sql': '',
    });
    const migrated = await readMigratedSchemas(root);
    expect(migrated.schemas.map(({ service }) => service)).toEqual(['sound']);
    expect((await checkSchemaRules(root, migrated)).map(toLine)).toEqual([
      expect.stringMatching(/^services\/planted\/migrations: .*nonsense/),
      expect.stringMatching(/^services\/sound\/migrations\/0001_create_tables\.sql:1: sound\.a has no comment/),
    ]);
  });
});
