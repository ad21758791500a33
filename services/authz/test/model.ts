import type { Fixture } from './fixture.ts';

/** The revision of the model that is committed. */
export async function modelRevision(fixture: Fixture): Promise<bigint> {
  const [row] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
  return row?.revision ?? 0n;
}

/** The two ids in the order in which an exclusion holds them. */
export function ordered(one: string, other: string): { roleId: string; excludedRoleId: string } {
  const [roleId = '', excludedRoleId = ''] = [one, other].sort();
  return { roleId, excludedRoleId };
}
