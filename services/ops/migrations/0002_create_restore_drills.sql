-- Restores into a scratch instance, which prove a backup.
create table ops.restore_drills (
  id uuid primary key,
  backup_execution_id uuid not null references ops.backup_execution_log (id),
  status varchar(20) not null check (status in ('pending', 'running', 'completed', 'failed')),
  -- When it was asked for.
  started_at timestamptz not null,
  completed_at timestamptz,
  -- From the start of the restore to the first answered query.
  recovery_time_ms bigint,
  -- {"identity.users": 3}
  row_counts jsonb,
  witness_user_ids uuid[] not null,
  found_witness_ids uuid[] not null default '{}',
  missing_witness_ids uuid[] not null default '{}',
  -- Time of the last transaction that was replayed.
  restored_until timestamptz,
  error_message text,
  error_code varchar(50),
  retry_count integer not null default 0,
  -- user:<id> or peer:<name>.
  requested_by varchar(255) not null,
  -- The request that asked for it: peer, request id, trace and acting user, for the audit events of its end.
  requester jsonb not null,
  check ((status in ('completed', 'failed')) = (completed_at is not null))
);
comment on table ops.restore_drills is 'local; rows live for ever';

-- One drill at a time: a second one finds this taken, however close together they start.
create unique index one_restore_drill_at_a_time on ops.restore_drills ((true)) where status in ('pending', 'running');
