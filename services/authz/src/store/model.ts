import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { compileModel, type Model } from '../domain/closure.ts';

interface RevisionRow {
  revision: bigint;
}

interface ModelRow extends RevisionRow {
  role_id: string | null;
  parent_role_id: string | null;
  permissions: string[];
}

// One statement is one snapshot: the roles are exactly those of the revision that comes with them.
const LOAD = statement<ModelRow>(
  'authz.load-model',
  `select m.revision, r.id as role_id, r.parent_role_id,
     array(select p.name from authz.role_permissions rp join authz.permissions p on p.id = rp.permission_id
           where rp.role_id = r.id) as permissions
   from authz.model_revision m left join authz.roles r on true
   order by r.level`,
);
const FIND_REVISION = statement<RevisionRow>('authz.find-model-revision', 'select revision from authz.model_revision');
const BUMP_REVISION = statement<RevisionRow>(
  'authz.bump-model-revision',
  'update authz.model_revision set revision = revision + 1 returning revision',
);

/** Every role with its permissions, compiled, as of one revision. */
export async function loadModel(db: Queryable): Promise<Model> {
  const rows = await db.query(LOAD);
  const roles = rows.flatMap(({ role_id: id, parent_role_id: parentId, permissions }) =>
    id === null ? [] : [{ id, parentId: parentId ?? undefined, permissions }],
  );
  return compileModel(only(rows).revision, roles);
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
