import { type Explanation, explain, type GrantStatus, type Model, type NamedGrant } from '@gatehouse/client/policy';
import { type Database, statement } from '@gatehouse/postgres';
import type { Asked } from '../domain/question.ts';
import { GRANT_COLUMNS, type GrantColumns, toGrants } from './grant-columns.ts';
import type { ModelCache } from './model-cache.ts';
import { openMeter } from './steps.ts';

interface AllGrantsRow extends GrantColumns {
  revision: bigint;
  model_revision: bigint;
  now_ms: number;
  ids: string[] | null;
  statuses: GrantStatus[];
}

// Also those that do not count: they may be why somebody wonders.
const FIND_ALL_GRANTS = statement<AllGrantsRow>(
  'authz.find-all-grants',
  `select coalesce((select r.revision from authz.revisions r where r.user_id = $1::uuid), 0) as revision,
     (select m.revision from authz.model_revision m) as model_revision,
     floor(extract(epoch from statement_timestamp()) * 1000)::float8 as now_ms,
     array_agg(g.id) as ids, array_agg(g.status) as statuses, ${GRANT_COLUMNS}
   from authz.role_grants g where g.user_id = $1::uuid`,
);

/** Why a question is answered as it is, and by what. */
export interface Explained {
  readonly explanation: Explanation;
  readonly model: Model;
  /** Revision of the user's grants. */
  readonly revision: bigint;
  /** Unix time in milliseconds by the database's clock. */
  readonly nowMs: number;
}

/** Explains answers, from what Postgres says now. */
export type Explanations = (asked: Asked, signal: AbortSignal) => Promise<Explained>;

export function openExplanations({
  db,
  models,
}: {
  readonly db: Database;
  readonly models: Pick<ModelCache, 'reach'>;
}): Explanations {
  return async (asked, signal) => {
    const [row] = await db.within({ signal }).query(FIND_ALL_GRANTS, [asked.userId]);
    if (!row) throw new Error('An aggregate returned no row.');
    const model = await models.reach(row.model_revision);
    const grants = toGrants(row).map((grant, index): NamedGrant => {
      return { ...grant, id: row.ids?.[index] ?? '', status: row.statuses[index] ?? 'suspended' };
    });
    const question = { ...asked, nowMs: row.now_ms };
    const meter = openMeter().next({ steps: 0 });
    const work = () => explain(model, grants, question, meter);
    const explanation = work() ?? (await meter.finish(work, signal));
    return { explanation, model, revision: row.revision, nowMs: row.now_ms };
  };
}
