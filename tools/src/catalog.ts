import { type Queryable, statement } from '@gatehouse/postgres';

/** A table or materialized view of a service as the catalog of a migrated database has it. Partitions are part of their parent. */
export interface Table {
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly Column[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly triggers: readonly string[];
  readonly rules: readonly string[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Filled from a sequence: serial or identity. */
  readonly counted: boolean;
  /** A time that does not say in which zone; inside an array, domain or range too. */
  readonly zoneless: boolean;
}

export interface UniqueKey {
  readonly name: string;
  /** Whole columns that must be equal for two rows to collide; expressions are not among them. */
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly targetSchema: string;
  readonly targetTable: string;
  /** In the order of `columns`. */
  readonly targetColumns: readonly string[];
  /** Columns that a change of the target changes here: what its deletion sets, and what its update sets or cascades to. */
  readonly changedColumns: readonly string[];
}

/** Reads every table of a schema, by name. */
export function readTables(db: Queryable, schema: string): Promise<Table[]> {
  return db.query(tables, [schema]);
}

const COLUMNS = `
  select jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
    'counted', a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid) like '%nextval(%', false),
    'zoneless', (
      with recursive inside (type) as (
        select a.atttypid
        union
        select case p.typtype when 'd' then p.typbasetype when 'r' then r.rngsubtype when 'm' then m.rngsubtype
          else p.typelem end
        from inside
        join pg_type p on p.oid = inside.type
        left join pg_range r on r.rngtypid = p.oid
        left join pg_range m on m.rngmultitypid = p.oid)
      select bool_or(type in ('timestamp'::regtype, 'timetz'::regtype)) from inside))
  from pg_attribute a
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum`;

// The positions of int2vector count from 0, those of unnest and of conexclop from 1.
const UNIQUE_KEYS = `
  select jsonb_build_object('name', i.relname, 'columns', array(
    select a.attname
    from unnest(x.indkey::int2[]) with ordinality k (number, position)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number
    left join pg_constraint e on e.conindid = x.indexrelid and e.contype = 'x'
    left join pg_operator o on o.oid = e.conexclop[k.position]
    where k.position <= x.indnkeyatts and (e.oid is null or o.oprname = '=')
    order by k.position))
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  where x.indrelid = t.oid and (x.indisunique or x.indisexclusion)
  order by i.relname`;

const FOREIGN_KEYS = `
  select jsonb_build_object('name', f.conname, 'columns', c.own, 'targetSchema', n.nspname, 'targetTable', r.relname,
    'targetColumns', c.targets, 'changedColumns', case
      when f.confupdtype in ('c', 'n', 'd') then c.own
      when f.confdeltype in ('n', 'd') then c.set_on_delete
      else '{}' end)
  from pg_constraint f
  join pg_class r on r.oid = f.confrelid
  join pg_namespace n on n.oid = r.relnamespace
  cross join lateral (
    select array_agg(o.attname order by k.position) as own, array_agg(g.attname order by k.position) as targets,
      array_agg(o.attname) filter (where f.confdelsetcols is null or o.attnum = any (f.confdelsetcols)) as set_on_delete
    from unnest(f.conkey, f.confkey) with ordinality k (own, target, position)
    join pg_attribute o on o.attrelid = f.conrelid and o.attnum = k.own
    join pg_attribute g on g.attrelid = f.confrelid and g.attnum = k.target) c
  where f.conrelid = t.oid and f.contype = 'f' and f.conparentid = 0
  order by f.conname`;

const tables = statement<Table>(
  'tools.tables',
  `select t.relname::text as name, obj_description(t.oid, 'pg_class') as comment,
    to_jsonb(array(${COLUMNS})) as columns,
    to_jsonb(array(${UNIQUE_KEYS})) as "uniqueKeys",
    to_jsonb(array(${FOREIGN_KEYS})) as "foreignKeys",
    to_jsonb(array(select tgname from pg_trigger where tgrelid = t.oid and not tgisinternal order by 1)) as triggers,
    to_jsonb(array(select rulename from pg_rewrite where ev_class = t.oid order by 1)) as rules
  from pg_class t
  join pg_namespace s on s.oid = t.relnamespace
  where s.nspname = $1 and t.relkind in ('r', 'p', 'm') and not t.relispartition
  order by t.relname`,
);
