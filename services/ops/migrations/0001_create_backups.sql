-- What backups are made of which database, and how they went.
create table ops.backup_configurations (
  id uuid primary key,
  backup_name varchar(100) not null unique,
  backup_type varchar(20) not null,
  frequency varchar(20) not null,
  retention_days integer check (retention_days > 0),
  source_database varchar(63),
  target_location text,
  compression_level integer,
  encryption_enabled boolean not null default false,
  schedule_cron varchar(100),
  is_active boolean not null default true,
  last_successful_backup timestamptz,
  last_backup_size_bytes bigint,
  consecutive_failures integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid
);
comment on table ops.backup_configurations is 'local; rows live until an operator removes them';

-- Backups that somebody asks for belong to this one. Where they go and how long they are kept pgBackRest's own
-- configuration says.
insert into ops.backup_configurations (id, backup_name, backup_type, frequency)
values ('019aa000-0000-7000-8000-000000000001', 'on-demand', 'any', 'on_demand');

-- One row for each backup.
create table ops.backup_execution_log (
  id uuid primary key,
  backup_config_id uuid not null references ops.backup_configurations (id),
  -- When it was asked for.
  started_at timestamptz not null,
  completed_at timestamptz,
  status varchar(20) not null check (status in ('pending', 'running', 'completed', 'failed')),
  backup_size_bytes bigint,
  compressed_size_bytes bigint,
  compression_ratio numeric(12, 3),
  backup_location text,
  backup_checksum text,
  -- Whether a restore drill has proved it: restored, or failed.
  verification_status varchar(20),
  verification_completed_at timestamptz,
  -- Of pgBackRest's own work.
  duration_seconds integer,
  -- Megabytes of the database in a second.
  throughput_mbps numeric(12, 3),
  error_message text,
  error_code varchar(50),
  retry_count integer not null default 0,
  execution_date date not null,
  backup_type varchar(20) not null check (backup_type in ('full', 'differential', 'incremental')),
  -- pgBackRest's name for it.
  label varchar(100),
  wal_start varchar(24),
  wal_stop varchar(24),
  -- user:<id> or peer:<name>.
  requested_by varchar(255) not null,
  -- The request that asked for it: peer, request id, trace and acting user, for the audit events of its end.
  requester jsonb not null,
  check ((status in ('completed', 'failed')) = (completed_at is not null)),
  check (status <> 'completed' or label is not null)
);
comment on table ops.backup_execution_log is 'local; rows live for ever';

-- One backup at a time: a second one finds this taken, however close together they start.
create unique index one_backup_at_a_time on ops.backup_execution_log ((true)) where status in ('pending', 'running');
create index backup_execution_log_by_label on ops.backup_execution_log (label);

-- Points to which the databases can be restored. A completed backup makes one.
create table ops.recovery_points (
  id uuid primary key,
  recovery_point_name varchar(100) not null unique,
  lsn pg_lsn,
  created_at timestamptz not null,
  -- The full backup that it builds on, where that was made here.
  full_backup_id uuid references ops.backup_execution_log (id),
  -- The backups besides the full one that a restore needs.
  wal_backup_ids uuid[] not null default '{}',
  database_size_bytes bigint,
  transaction_count bigint,
  active_connections integer,
  is_verified boolean not null default false,
  verification_date timestamptz,
  recovery_test_date timestamptz,
  recovery_type varchar(20) not null,
  retention_until timestamptz,
  created_by uuid,
  description text
);
comment on table ops.recovery_points is 'local; rows live for ever';

-- Audit events on their way to the audit service.
create table ops.outbox (
  id uuid primary key,
  payload bytea not null,
  created_at timestamptz not null default now(),
  attempts integer not null default 0,
  refused_at timestamptz,
  refused_reason text
);
create index outbox_pending on ops.outbox (id) where refused_at is null;
comment on table ops.outbox is 'local; rows leave by outbox-relay after delivery';
