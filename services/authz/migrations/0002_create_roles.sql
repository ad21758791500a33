-- The model: roles and permissions. It is small and the same everywhere.

create table authz.permissions (
  id uuid primary key,
  resource text not null check (resource ~ '^(\*|[a-z0-9][a-z0-9_.-]{0,62})$'),
  action text not null check (action ~ '^(\*|[a-z0-9][a-z0-9_.-]{0,62})$'),
  name text not null generated always as (resource || ':' || action) stored,
  description text not null default '' check (length(description) <= 1000),
  category text not null default '' check (length(category) <= 100),
  is_dangerous boolean not null default false,
  created_at timestamptz not null,
  created_by uuid,
  constraint permissions_name_key unique (name)
);
comment on table authz.permissions is 'reference; rows live for ever';

-- A role lies exactly one level below its parent, so a chain of parents climbs to level 0 and can't come back to where
-- it began: a cycle cannot be stored, whoever writes it.
create table authz.roles (
  id uuid primary key,
  name text not null check (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  description text not null default '' check (length(description) <= 1000),
  is_system_role boolean not null default false,
  parent_role_id uuid,
  level integer not null check (level between 0 and 32),
  parent_level integer generated always as (case when parent_role_id is null then null else level - 1 end) stored,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  created_by uuid,
  constraint roles_name_key unique (name),
  constraint roles_id_level_key unique (id, level),
  constraint roles_parent_fkey foreign key (parent_role_id, parent_level) references authz.roles (id, level),
  constraint roles_root_level_check check ((parent_role_id is null) = (level = 0))
);
comment on table authz.roles is 'reference; rows live for ever';

create table authz.role_permissions (
  id uuid primary key,
  role_id uuid not null references authz.roles (id),
  permission_id uuid not null references authz.permissions (id),
  granted_at timestamptz not null,
  granted_by uuid,
  constraint role_permissions_role_permission_key unique (role_id, permission_id)
);
comment on table authz.role_permissions is 'reference; rows live for ever';

-- One row, locked by everyone who changes the model: whoever sees revision n sees every change up to n. A sequence
-- would not do: a number can be drawn before an earlier one is committed.
create table authz.model_revision (
  singleton boolean primary key default true check (singleton),
  revision bigint not null check (revision >= 0)
);
comment on table authz.model_revision is 'reference; rows live for ever; one row';
insert into authz.model_revision (revision) values (0);
