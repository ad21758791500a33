-- Which user has which role. The unique key is that of grants that are valid everywhere and at all times.
create table authz.role_grants (
  user_id uuid not null,
  id uuid not null,
  role_id uuid not null references authz.roles (id),
  granted_at timestamptz not null,
  granted_by uuid,
  reason text not null default '' check (length(reason) <= 1000),
  primary key (user_id, id),
  constraint role_grants_user_role_key unique (user_id, role_id)
);
comment on table authz.role_grants is 'distributed by user_id; rows live until they are revoked';

-- How often a user's grants have changed. Locked by everyone who changes them, so that the number is exact, and kept
-- when the last grant goes, so that it never falls.
create table authz.revisions (
  user_id uuid primary key,
  revision bigint not null check (revision > 0)
);
comment on table authz.revisions is 'distributed by user_id; rows live as long as their user';
