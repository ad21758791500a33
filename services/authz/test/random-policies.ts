import { randomUUID } from 'node:crypto';
import type { CheckContext } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { seededChance } from '@gatehouse/testing/chance';
import type { Fixture } from './fixture.ts';

/** What the questions of a comparison are about. */
export const NAMES = ['a:r', 'a:w', 'b:r', 'b:w', 'c:x'];
export const RESOURCES = ['', 't/1', 't/1/p/1', 't/1/p/2', 't/2', 't/2/p/1', 'p/1'];
export const CONTEXTS: readonly (CheckContext | undefined)[] = [
  undefined,
  { ip: '10.1.2.3', authenticationLevel: 2, resourceAttributes: { owner: 'x' }, attributes: { flag: true } },
  { ip: '11.1.2.3', authenticationLevel: 1, resourceAttributes: undefined, attributes: { flag: false } },
];

const HELD = ['a:r', 'a:w', 'b:r', 'b:w', 'a:*', 'b:*', '*:r', '*:w', '*:*'];
const SCOPES = ['', '', 't/1', 't/1/p/1', 't/2', 't/2/p/1', 'p/1'];
const CONDITIONS = [
  ...Array.from({ length: 8 }, () => ''),
  'request.ip.inCidr("10.0.0.0/8")',
  'request.authentication_level >= 2',
  'context.flag == true',
  'request.permission.startsWith("a:")',
  'request.resource.endsWith("p/1")',
  'resource.owner == "x"',
];
const TIMES = [
  ...Array.from({ length: 8 }, () => [null, null]),
  [`now() - interval '1 day'`, `now() + interval '1 day'`],
  [`now() + interval '1 day'`, null],
  [null, `now() - interval '1 day'`],
];

const ROLES = 14;
const USERS = 24;
const GRANTS_OF_USER_MAX = 6;

const { next, below, pick } = seededChance();

/** Stores roles and grants of every kind at random, and returns the users. */
export async function storeRandomPolicies({ rows }: Pick<Fixture, 'rows'>): Promise<string[]> {
  const permissionIds = new Map<string, string>();
  for (const name of HELD) {
    const [resource, action] = name.split(':');
    const values = [randomUUID(), resource, action, pick(CONDITIONS)];
    await rows(
      `insert into authz.permissions (id, resource, action, condition, created_at) values ($1, $2, $3, $4, now())
       on conflict (name) do nothing`,
      values,
    );
    const [row] = await rows<{ id: string }>('select id from authz.permissions where name = $1', [name]);
    permissionIds.set(name, row?.id ?? '');
  }
  const roles: { id: string; level: number }[] = [];
  for (let index = 0; index < ROLES; index += 1) {
    const parent = roles.length > 0 && next() < 0.5 ? pick(roles) : undefined;
    const role = { id: randomUUID(), level: parent ? parent.level + 1 : 0 };
    await rows(
      `insert into authz.roles (id, name, level, parent_role_id, created_at, updated_at)
       values ($1, $2, $3, $4, now(), now())`,
      [role.id, `role-${role.id}`, role.level, parent?.id ?? null],
    );
    for (const name of new Set([pick(HELD), pick(HELD)])) {
      const effect = next() < 0.15 ? 'deny' : 'allow';
      await rows(
        `insert into authz.role_permissions (id, role_id, permission_id, effect, condition, granted_at)
         values ($1, $2, $3, $4, $5, now())`,
        [randomUUID(), role.id, permissionIds.get(name), effect, effect === 'deny' ? pick(CONDITIONS) : ''],
      );
    }
    roles.push(role);
  }
  await rows('update authz.model_revision set revision = revision + 1');
  const users = Array.from({ length: USERS }, () => randomUUID());
  for (const userId of users) {
    for (let grants = below(GRANTS_OF_USER_MAX) + 1; grants > 0; grants -= 1) {
      const [from, until] = pick(TIMES);
      await rows(
        `insert into authz.role_grants (user_id, id, role_id, granted_at, scope, condition, status, valid_from, valid_until)
         values ($1, $2, $3, now(), $4, $5, $6, ${from ?? 'null'}, ${until ?? 'null'}) on conflict do nothing`,
        [userId, randomUUID(), pick(roles).id, pick(SCOPES), pick(CONDITIONS), pick(['active', 'active', 'suspended'])],
      );
    }
  }
  return users;
}
