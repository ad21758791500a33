import type { Permission } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Fixture, permission } from './fixture.ts';

let made = 0;

/** Creates a permission, with a name of its own unless it is given. */
export async function makePermission(
  fixture: Fixture,
  change: Partial<ReturnType<typeof permission>> = {},
): Promise<Permission> {
  made += 1;
  const answer = await fixture.operator.createPermission({ ...permission(`made:no-${made}`), ...change });
  if (!answer.permission) throw new Error('There is no permission in the answer.');
  return answer.permission;
}
