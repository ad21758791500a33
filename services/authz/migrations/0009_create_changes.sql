-- What has changed, for those who keep a copy: one row for each thing, written by the transaction that changes it. Whoever
-- knows which transactions a snapshot has seen knows which of these changes it has seen.
create table authz.changes (
  xid xid8 not null default pg_current_xact_id(),
  id uuid not null,
  user_id uuid,
  revision bigint not null,
  changed_at timestamptz not null default now(),
  primary key (xid, id)
);
comment on table authz.changes is 'local; rows leave by sweep-changes after 72 hours; user_id null: the model';

-- How far the log has been swept: of transactions after this one nothing is missing.
create table authz.changes_swept (
  singleton boolean primary key default true check (singleton),
  through_xid xid8 not null default '0'
);
comment on table authz.changes_swept is 'local; rows live for ever; one row';
insert into authz.changes_swept default values;
