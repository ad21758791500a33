-- A permission may hold only under a condition, in CEL. Empty: always.
alter table authz.permissions add column condition text not null default '' check (length(condition) <= 1024);

-- What a role denies beats what any role allows.
alter table authz.role_permissions add column effect text not null default 'allow' check (effect in ('allow', 'deny'));

-- Where, when and under what condition a grant holds, and whether it has been suspended or still waits for approval.
alter table authz.role_grants
  add column scope text not null default '' check (length(scope) <= 512),
  add column valid_from timestamptz,
  add column valid_until timestamptz,
  add column status text not null default 'active' check (status in ('active', 'suspended', 'pending')),
  add column condition text not null default '' check (length(condition) <= 1024),
  add column approved_by uuid,
  add column approved_at timestamptz,
  add constraint role_grants_period_check check (valid_from < valid_until);

-- A user may have a role once in each scope. Code that knows of no scopes looks for itself before it inserts.
alter table authz.role_grants add constraint role_grants_user_role_scope_key unique (user_id, role_id, scope);
alter table authz.role_grants drop constraint role_grants_user_role_key;

-- Two roles that one user may not hold together, themselves or through descendants. Each pair is stored once.
create table authz.role_exclusions (
  role_id uuid not null references authz.roles (id),
  excluded_role_id uuid not null references authz.roles (id),
  reason text not null default '' check (length(reason) <= 1000),
  created_at timestamptz not null,
  created_by uuid,
  primary key (role_id, excluded_role_id),
  constraint role_exclusions_order_check check (role_id < excluded_role_id)
);
comment on table authz.role_exclusions is 'reference; rows live until they are deleted';
