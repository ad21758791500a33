import { type Queryable, statement } from '@gatehouse/postgres';

const REFRESH = statement<{ refreshed: boolean }>(
  'authz.refresh-user-role-cache',
  'select authz.refresh_user_role_cache(make_interval(secs => $1::double precision)) as refreshed',
);
const FIND_AGE = statement<{ age: number | null }>(
  'authz.find-user-role-cache-age',
  `select nullif(extract(epoch from now() - refreshed_at), 'infinity')::double precision as age
   from authz.user_role_cache_refresh`,
);

/** Refreshes what is kept for reports, unless that was done in the last so many seconds; says whether it did. */
export async function refreshUserRoleCache(db: Queryable, maxAgeSeconds: number): Promise<boolean> {
  const [row] = await db.query(REFRESH, [maxAgeSeconds]);
  return row?.refreshed ?? false;
}

/** Seconds since it was refreshed; undefined when it never was. */
export async function findUserRoleCacheAge(db: Queryable): Promise<number | undefined> {
  const [row] = await db.query(FIND_AGE);
  return row?.age ?? undefined;
}
