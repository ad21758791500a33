import { decideForList, type Model, type RolesAbout, rolesAbout, scopesOver } from '@gatehouse/client/policy';
import { Failure } from '@gatehouse/failure';
import { type Database, statement } from '@gatehouse/postgres';
import type { Asked } from '../domain/question.ts';
import { GRANT_COLUMNS, type GrantColumns, toGrants } from './grant-columns.ts';
import type { ModelCache } from './model-cache.ts';
import { openMeter } from './steps.ts';

interface CandidateRow extends GrantColumns {
  model_revision: bigint;
  now_ms: number;
  /** null: there is no candidate. */
  user_id: string | null;
}

const IN_FORCE = `g.status = 'active' and (g.valid_until is null or g.valid_until > statement_timestamp())`;

// One statement is one snapshot: the users, their grants, and the revision of the model by which they are to be judged.
// Each pair of role and scope is read in the order of users and no further than the page goes, however many have it.
const FIND_CANDIDATES = statement<CandidateRow>(
  'authz.find-permission-candidates',
  `with candidates as (
     select found.user_id
     from unnest($1::uuid[]) r (role_id) cross join unnest($3::text[]) s (scope)
     cross join lateral (
       select g.user_id from authz.role_grants g
       where g.role_id = r.role_id and g.scope = s.scope and g.user_id >= $4::uuid and ${IN_FORCE}
       order by g.user_id limit $5::int) found
     group by found.user_id order by found.user_id limit $5::int)
   select m.revision as model_revision, floor(extract(epoch from statement_timestamp()) * 1000)::float8 as now_ms,
     c.user_id, ${GRANT_COLUMNS}
   from authz.model_revision m left join candidates c on true
   left join authz.role_grants g
     on g.user_id = c.user_id and g.role_id = any($2::uuid[]) and g.scope = any($3::text[]) and ${IN_FORCE}
   group by m.revision, c.user_id order by c.user_id`,
);

/**
 * The users of one page, by what Check would say of them at the moment at which it was read. One whom it would refuse to decide
 * about, because of what the conditions take, is undetermined.
 */
export interface HoldersPage {
  readonly allowed: readonly string[];
  readonly undetermined: readonly { readonly userId: string; readonly why: string }[];
  /** The user with whom the next page begins; undefined: this was the last. */
  readonly next: string | undefined;
}

/** Finds who holds a permission, among all users. */
export interface PermissionHolders {
  /** Looks at `limit` users who may hold it, from the user `from` on. Throws Failure `unavailable`, `conflict`, or `limited` as a meter does. */
  page(from: string, limit: number, signal: AbortSignal): Promise<HoldersPage>;
}

/** Where the first page begins: no id of a user is less. */
export const FIRST_USER = '00000000-0000-0000-0000-000000000000';
/** How often a page is read again because the model changed under it. */
const ATTEMPTS = 5;

/** Looks for the holders of one permission on one resource; the user of the question is left out of account. */
export function findHolders(
  { db, models }: { readonly db: Database; readonly models: Pick<ModelCache, 'current' | 'reach'> },
  asked: Asked,
): PermissionHolders {
  const scopes = scopesOver(asked.resource);
  let known: { readonly model: Model; readonly roles: RolesAbout } | undefined;
  const at = (model: Model) => {
    if (known?.model !== model) known = { model, roles: rolesAbout(model, asked.permission) };
    return known;
  };
  return {
    async page(from, limit, signal) {
      let { model, roles } = at(await models.current(0n, signal));
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const values = [roles.allowing, roles.all, scopes, from, limit + 1];
        const rows = await db.within({ signal }).query(FIND_CANDIDATES, values);
        const newest = at(await models.reach(rows[0]?.model_revision ?? 0n));
        // Roles that have come to hold the permission were not looked for.
        if (newest.model === model || isSame(newest.roles, roles))
          return toPage(newest.model, rows, limit, asked, signal);
        ({ model, roles } = newest);
      }
      throw new Failure('conflict', 'MODEL_CHANGING', 'The roles change faster than their users can be listed.');
    },
  };
}

function isSame(a: RolesAbout, b: RolesAbout): boolean {
  return a.allowing.join() === b.allowing.join() && a.all.join() === b.all.join();
}

async function toPage(
  model: Model,
  rows: readonly CandidateRow[],
  limit: number,
  asked: Asked,
  signal: AbortSignal,
): Promise<HoldersPage> {
  const meter = openMeter();
  const steps = { steps: 0 };
  const allowed: string[] = [];
  const undetermined: { userId: string; why: string }[] = [];
  for (const row of rows.slice(0, limit)) {
    if (row.user_id === null) continue;
    const question = { ...asked, userId: row.user_id, nowMs: row.now_ms };
    const verdict = await decideForList(model, toGrants(row), question, meter.next(steps), signal);
    if (verdict.isAllowed) allowed.push(row.user_id);
    else if (verdict.undetermined !== '') undetermined.push({ userId: row.user_id, why: verdict.undetermined });
  }
  return { allowed, undetermined, next: rows[limit]?.user_id ?? undefined };
}
