import { randomUUID } from 'node:crypto';
import { type Database, definedStatements } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../src/main.ts';
import { openAs, rowsOf } from './fixture.ts';

let database: TestDatabase;
let owner: Database;

beforeAll(async () => {
  database = await createTestDatabase('authz');
  owner = openAs(database.ownerUrl);
});
afterAll(async () => {
  await owner?.close();
  await database?.drop();
});

const sql = (text: string, values: readonly unknown[] = []) => rowsOf(owner, text, values);

/** Stores a role as nobody but the owner of the schema could, with whatever level is claimed. */
async function store(level: number, parent: string | null, id = randomUUID()): Promise<string> {
  await sql(
    `insert into authz.roles (id, name, level, parent_role_id, created_at, updated_at)
     values ($1::uuid, $2, $3, $4::uuid, now(), now())`,
    [id, `role-${id}`, level, parent],
  );
  return id;
}

async function chain(length: number): Promise<string[]> {
  const ids = [await store(0, null)];
  for (let level = 1; level < length; level++) ids.push(await store(level, ids[level - 1] ?? null));
  return ids;
}

describe('the database itself refuses, of its owner too,', () => {
  const violation = (constraint: string) => expect.objectContaining({ constraint });

  it('a role that is its own parent', async () => {
    const id = randomUUID();
    await expect(store(1, id, id)).rejects.toEqual(violation('roles_parent_fkey'));
    const [root = ''] = await chain(1);
    await expect(sql('update authz.roles set parent_role_id = id, level = 1 where id = $1', [root])).rejects.toEqual(
      violation('roles_parent_fkey'),
    );
  });

  it.each([2, 3, 5])('a cycle of %i roles, whatever levels are claimed', async (length) => {
    const ids = await chain(length);
    const [first, last] = [ids[0], ids.at(-1)];
    for (let level = 1; level <= length; level++) {
      await expect(
        sql('update authz.roles set parent_role_id = $2, level = $3 where id = $1', [first, last, level]),
      ).rejects.toEqual(violation('roles_parent_fkey'));
    }
  });

  it('a cycle that is closed by one statement over all of its roles', async () => {
    const [first, second] = await chain(2);
    for (const levels of [
      [1, 1],
      [1, 2],
      [2, 1],
    ]) {
      await expect(
        sql(
          `update authz.roles set parent_role_id = case id when $1::uuid then $2::uuid else $1::uuid end,
             level = case id when $1::uuid then $3::integer else $4::integer end
           where id in ($1::uuid, $2::uuid)`,
          [first, second, ...levels],
        ),
      ).rejects.toEqual(violation('roles_parent_fkey'));
    }
  });

  it('a parent that comes later than its child', async () => {
    const parent = randomUUID();
    await expect(store(1, parent)).rejects.toEqual(violation('roles_parent_fkey'));
    const [, , third = ''] = await chain(3);
    await expect(store(1, third)).rejects.toEqual(violation('roles_parent_fkey'));
  });

  it('a level that is not that below the parent', async () => {
    const [root = ''] = await chain(1);
    await expect(store(2, root)).rejects.toEqual(violation('roles_parent_fkey'));
    await expect(store(0, root)).rejects.toEqual(violation('roles_root_level_check'));
    await expect(store(1, null)).rejects.toEqual(violation('roles_root_level_check'));
    await expect(sql('update authz.roles set parent_level = 7 where id = $1', [root])).rejects.toThrow(/parent_level/);
  });

  it('the level of a parent to change under its children', async () => {
    const [root = ''] = await chain(2);
    const other = await store(0, null);
    await expect(
      sql('update authz.roles set parent_role_id = $2, level = 1 where id = $1', [root, other]),
    ).rejects.toEqual(violation('roles_parent_fkey'));
  });

  it('a role 33 levels down', async () => {
    const ids = await chain(33);
    await expect(store(33, ids.at(-1) ?? null)).rejects.toEqual(violation('roles_level_check'));
  });

  it('a permission whose name is not its resource and action, or is no name', async () => {
    const insert = (resource: string, action: string) =>
      sql(
        `insert into authz.permissions (id, resource, action, created_at) values (gen_random_uuid(), $1, $2, now())
         returning name`,
        [resource, action],
      );
    expect(await insert('documents', '*')).toEqual([{ name: 'documents:*' }]);
    await expect(insert('Doc uments', 'read')).rejects.toEqual(violation('permissions_resource_check'));
    await expect(insert('a:b', 'read')).rejects.toEqual(violation('permissions_resource_check'));
    await expect(insert('documents', 're*d')).rejects.toEqual(violation('permissions_action_check'));
    await expect(sql(`update authz.permissions set name = 'x:y'`)).rejects.toThrow(/"name"/);
  });

  it('a condition of what a role allows, which has that of the permission, and one that is too long', async () => {
    const roleId = await store(0, null);
    const hold = async (columns: string, ...values: string[]) => {
      const [permission] = await sql(
        `insert into authz.permissions (id, resource, action, created_at) values (gen_random_uuid(), $1, 'x', now())
         returning id`,
        [`held-${randomUUID()}`],
      );
      return sql(
        `insert into authz.role_permissions (id, role_id, permission_id, granted_at${columns})
         values (gen_random_uuid(), $1, $2, now()${values.map((each) => `, '${each}'`).join('')}) returning condition`,
        [roleId, (permission as { id: string }).id],
      );
    };
    // As code that knows of no conditions stores them.
    expect(await hold('')).toEqual([{ condition: '' }]);
    expect(await hold(', effect', 'deny')).toEqual([{ condition: '' }]);
    expect(await hold(', effect, condition', 'deny', 'context.a')).toEqual([{ condition: 'context.a' }]);
    const constraint = violation('role_permissions_condition_check');
    await expect(hold(', condition', 'context.a')).rejects.toEqual(constraint);
    await expect(hold(', effect, condition', 'deny', 'x'.repeat(1_025))).rejects.toEqual(constraint);
  });

  it('a second revision of the model', async () => {
    await expect(sql('insert into authz.model_revision (revision) values (1)')).rejects.toEqual(
      violation('model_revision_pkey'),
    );
  });

  it('the same role twice for one user in one scope', async () => {
    const [userId, roleId] = [randomUUID(), await store(0, null)];
    const grant = (scope: string) =>
      sql(
        `insert into authz.role_grants (user_id, id, role_id, scope, granted_at)
         values ($1, gen_random_uuid(), $2, $3, now())`,
        [userId, roleId, scope],
      );
    await grant('');
    await grant('tenant/7');
    await expect(grant('')).rejects.toEqual(violation('role_grants_user_role_scope_key'));
    await expect(grant('tenant/7')).rejects.toEqual(violation('role_grants_user_role_scope_key'));
  });

  it('a grant that ends before it begins, or of an unknown status', async () => {
    const roleId = await store(0, null);
    const grant = (columns: string, values: string) =>
      sql(
        `insert into authz.role_grants (user_id, id, role_id, granted_at, ${columns})
         values (gen_random_uuid(), gen_random_uuid(), $1, now(), ${values})`,
        [roleId],
      );
    await grant('valid_from, valid_until', `now(), now() + interval '1 second'`);
    await expect(grant('valid_from, valid_until', 'now(), now()')).rejects.toEqual(
      violation('role_grants_period_check'),
    );
    await expect(grant('status', `'lost'`)).rejects.toEqual(violation('role_grants_status_check'));
  });

  it('an exclusion of a role by itself, or a pair the other way around', async () => {
    const [one = '', other = ''] = [await store(0, null), await store(0, null)].sort();
    const exclude = (a: string, b: string) =>
      sql('insert into authz.role_exclusions (role_id, excluded_role_id, created_at) values ($1, $2, now())', [a, b]);
    await exclude(one, other);
    for (const [a, b] of [
      [one, one],
      [other, one],
    ] as const) {
      await expect(exclude(a, b)).rejects.toEqual(violation('role_exclusions_order_check'));
    }
    await expect(exclude(one, other)).rejects.toEqual(violation('role_exclusions_pkey'));
  });
});

it('prepares every statement of the service', async () => {
  const own = definedStatements().filter(({ name }) => name.startsWith('authz.'));
  expect(own.length).toBeGreaterThan(12);
  for (const { name, text } of own) {
    await sql(`prepare "${name}/checked" as ${text}`).catch((error: unknown) => {
      throw new Error(`${name} can not be prepared.`, { cause: error });
    });
  }
});

it('finds the grants of a user by the key that begins with the user', async () => {
  const plan = await owner.transaction(async (tx) => {
    await rowsOf(tx, 'set local enable_seqscan = off');
    return rowsOf(tx, `explain select role_id from authz.role_grants where user_id = '${randomUUID()}'`);
  });
  expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan.* (on|using) role_grants_(pkey|user_role_scope_key)/);
});
