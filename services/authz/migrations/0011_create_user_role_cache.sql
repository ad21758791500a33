-- What each user has, for reports; no check reads it. Refreshed by src/jobs/refresh-user-role-cache.ts. Who the user is
-- says the identity service, by the same id: names and addresses are kept in one place, where they can be erased.
--
-- What a role set holds is worked out once for all users who have it: there are few sets and many users.
create materialized view authz.user_role_cache as
with recursive granted as (
  select user_id, role_id, min(granted_at) as granted_at,
    max(greatest(granted_at, updated_at, approved_at, valid_from)) as changed_at
  from authz.role_grants
  where status = 'active' and (valid_from is null or valid_from <= now()) and (valid_until is null or valid_until > now())
  group by user_id, role_id
), users as (
  select user_id, array_agg(role_id order by role_id) as role_ids, max(changed_at) as changed_at
  from granted group by user_id
), sets as (
  select distinct role_ids from users
), lineage as (
  select r.id as role_id, r.id as ancestor_id, r.parent_role_id, r.updated_at from authz.roles r
  union all
  select l.role_id, r.id, r.parent_role_id, r.updated_at
  from lineage l join authz.roles r on r.id = l.parent_role_id
), set_lineage as (
  select distinct s.role_ids, l.ancestor_id, l.updated_at
  from sets s cross join unnest(s.role_ids) as u (role_id) join lineage l on l.role_id = u.role_id
), set_permissions as (
  select distinct s.role_ids, p.name, p.resource, p.action, rp.effect
  from set_lineage s join authz.role_permissions rp on rp.role_id = s.ancestor_id
  join authz.permissions p on p.id = rp.permission_id
), set_names as (
  select role_ids, array_agg(distinct name order by name) as permission_names
  from set_permissions where effect = 'allow' group by role_ids
), set_actions as (
  select a.role_ids, array_agg(distinct a.name order by a.name) as resource_actions
  from set_permissions a
  where a.effect = 'allow' and not exists (
    select from set_permissions d
    where d.role_ids = a.role_ids and d.effect = 'deny'
      and d.resource in ('*', a.resource) and d.action in ('*', a.action))
  group by a.role_ids
), set_roles as (
  select s.role_ids, array_agg(r.name::text order by r.name) as role_names
  from sets s cross join unnest(s.role_ids) as u (role_id) join authz.roles r on r.id = u.role_id
  group by s.role_ids
), set_changes as (
  select s.role_ids, max(greatest(s.updated_at, rp.granted_at)) as changed_at
  from set_lineage s left join authz.role_permissions rp on rp.role_id = s.ancestor_id group by s.role_ids
)
select u.user_id,
  r.role_names,
  coalesce(n.permission_names, '{}') as permission_names,
  coalesce(a.resource_actions, '{}') as resource_actions,
  cardinality(r.role_names) as role_count,
  cardinality(coalesce(n.permission_names, '{}')) as permission_count,
  greatest(u.changed_at, c.changed_at) as cache_updated_at
from users u
join set_roles r using (role_ids)
join set_changes c using (role_ids)
left join set_names n using (role_ids)
left join set_actions a using (role_ids)
with no data;
comment on materialized view authz.user_role_cache is
  'local; rows live until the next refresh; made anew by src/jobs/refresh-user-role-cache.ts';
comment on column authz.user_role_cache.role_names is 'of the roles that are granted and in force, in whatever scope';
comment on column authz.user_role_cache.permission_names is 'what these roles and their ancestors allow';
comment on column authz.user_role_cache.resource_actions is 'the same without what any of them denies';
comment on column authz.user_role_cache.cache_updated_at is
  'when the newest of the grants and roles that the row is made of was changed: it stays while the row does';
-- Refreshing concurrently, beside readers, needs it.
create unique index user_role_cache_user_id on authz.user_role_cache (user_id);

-- When it was refreshed last, so that one of many instances does it.
create table authz.user_role_cache_refresh (
  singleton boolean primary key default true constraint user_role_cache_refresh_singleton_check check (singleton),
  refreshed_at timestamptz not null
);
insert into authz.user_role_cache_refresh (refreshed_at) values ('-infinity');
comment on table authz.user_role_cache_refresh is 'local; rows live for ever; one row';

-- Refreshes it unless somebody did so in the last max_age, or is at it, and says whether it did. Only its owner may refresh
-- a materialized view: so it runs as the owner, and does nothing else.
create function authz.refresh_user_role_cache(max_age interval) returns boolean
  language plpgsql
  strict
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
begin
  if not pg_try_advisory_xact_lock(hashtextextended('gatehouse.authz.user-role-cache', 0)) then
    return false;
  end if;
  perform from authz.user_role_cache_refresh where refreshed_at > now() - max_age;
  if found then
    return false;
  end if;
  if (select relispopulated from pg_class where oid = 'authz.user_role_cache'::regclass) then
    refresh materialized view concurrently authz.user_role_cache;
  else
    refresh materialized view authz.user_role_cache;
  end if;
  update authz.user_role_cache_refresh set refreshed_at = clock_timestamp();
  return true;
end
$$;
revoke all on function authz.refresh_user_role_cache(interval) from public;
