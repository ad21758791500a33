import { compileModel, type Effect, type Model, storedCondition } from '@gatehouse/client/policy';
import { LAST_OF_TIMELINE_BEFORE, type Queryable, statement, type Transaction } from '@gatehouse/postgres';

interface RevisionRow {
  revision: bigint;
}

interface ModelRow extends RevisionRow {
  role_id: string | null;
  name: string;
  parent_role_id: string | null;
  permissions: string[] | null;
  effects: Effect[];
  /** Of what is allowed those of the permissions, of what is denied those of the denials. */
  conditions: string[];
  /** Pairs of roles; only with the first row. */
  exclusions: [string, string][] | null;
}

// One statement is one snapshot: the roles and exclusions are exactly those of the revision that comes with them.
const LOAD = statement<ModelRow>(
  'authz.load-model',
  `select m.revision, r.id as role_id, r.name, r.parent_role_id, held.permissions, held.effects, held.conditions,
     case when row_number() over (order by r.level, r.id) = 1 then
       (select jsonb_agg(jsonb_build_array(x.role_id, x.excluded_role_id)) from authz.role_exclusions x)
     end as exclusions
   from authz.model_revision m left join authz.roles r on true
   left join (
     select rp.role_id, array_agg(p.name order by p.id) as permissions, array_agg(rp.effect order by p.id) as effects,
       array_agg(case rp.effect when 'deny' then rp.condition else p.condition end order by p.id) as conditions
     from authz.role_permissions rp join authz.permissions p on p.id = rp.permission_id group by rp.role_id
   ) held on held.role_id = r.id
   order by r.level, r.id`,
);
const FIND_REVISION = statement<RevisionRow>('authz.find-model-revision', 'select revision from authz.model_revision');
const BUMP_REVISION = statement<RevisionRow>(
  'authz.bump-model-revision',
  `update authz.model_revision set revision = greatest(revision, ${LAST_OF_TIMELINE_BEFORE}) + 1 returning revision`,
);

/** Every role with its permissions, and which roles exclude each other, compiled, as of one revision. */
export async function loadModel(db: Queryable): Promise<Model> {
  const rows = await db.query(LOAD);
  const roles = rows.flatMap(({ role_id: id, name, parent_role_id: parentId, permissions, effects, conditions }) => {
    if (id === null) return [];
    const held = (permissions ?? []).map((permission, index) => ({
      name: permission,
      effect: effects[index] ?? 'deny',
      condition: storedCondition(conditions[index] ?? ''),
    }));
    return [{ id, name, parentId: parentId ?? undefined, permissions: held }];
  });
  const exclusions = (rows[0]?.exclusions ?? []).map(([roleId, excludedRoleId]) => ({ roleId, excludedRoleId }));
  return compileModel(only(rows).revision, roles, exclusions);
}

/** The revision of the model that is committed now, or that the transaction has made. */
export async function findModelRevision(db: Queryable): Promise<bigint> {
  return only(await db.query(FIND_REVISION)).revision;
}

/**
 * The next revision of the model. Whoever changes the model calls this first: changes then wait for one another, and
 * whoever sees a revision sees everything up to it.
 */
export async function bumpModelRevision(tx: Transaction): Promise<bigint> {
  return only(await tx.query(BUMP_REVISION)).revision;
}

function only<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error('authz.model_revision has lost its row.');
  return row;
}
