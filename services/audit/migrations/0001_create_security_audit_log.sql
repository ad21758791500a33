-- Security events of all services. Rows are only ever added.
create table audit.security_audit_log (
  -- UUIDv7 of the event. Its time is that of occurred_at, so that an event that is sent again meets itself in the same
  -- partition, and the primary key makes it land once.
  id uuid not null,
  occurred_at timestamptz not null,
  -- Whom it concerns; null: nobody.
  user_id uuid,
  session_id uuid,
  event_type varchar(65) not null,
  event_status varchar(20) not null check (event_status in ('success', 'denied', 'failure')),
  event_description text,
  ip_address inet,
  user_agent text,
  request_id uuid not null,
  -- From 0 (harmless) to 100; null: nobody has judged the event.
  risk_score integer check (risk_score between 0 and 100),
  is_suspicious boolean,
  partition_date date generated always as ((occurred_at at time zone 'UTC')::date) stored,
  -- The service where it happened, who did it, and the peer that made the call.
  service varchar(32) not null,
  actor varchar(128) not null,
  peer varchar(128) not null,
  trace_id varchar(32),
  attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
  primary key (id, occurred_at)
) partition by range (occurred_at);
comment on table audit.security_audit_log is
  'distributed by id; rows live for ever; a partition for each month, made ahead by src/jobs/make-partitions.ts';

-- One index for each way to list events. All but the second end in the order of the list, so that no list is sorted.
create index security_audit_log_by_user on audit.security_audit_log (user_id, occurred_at, id) where user_id is not null;
create index security_audit_log_by_request on audit.security_audit_log (request_id);
create index security_audit_log_by_type on audit.security_audit_log (event_type, occurred_at, id);
create index security_audit_log_by_time on audit.security_audit_log (occurred_at, id);

-- Makes the partition of the month (UTC) that holds a day, and says whether it was missing. The service's role may call
-- it and may make no table itself: so it runs as the owner, takes nothing but a day, and refuses any that lies more than
-- a year from today, unless it is younger than the oldest partition.
create function audit.create_month_partition(wanted date) returns boolean
  language plpgsql
  strict
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
  set timezone = 'UTC'
  set datestyle = 'ISO'
as $$
declare
  month constant date := date_trunc('month', wanted::timestamp);
  this_month constant date := date_trunc('month', now() at time zone 'UTC');
  name constant text := 'security_audit_log_' || to_char(month, 'YYYY_MM');
  oldest date;
begin
  -- One at a time: instances that start together want the same months.
  perform pg_advisory_xact_lock(hashtextextended('gatehouse.audit.create_month_partition', 0));
  if to_regclass('audit.' || name) is not null then
    return false;
  end if;
  select min(to_date(right(c.relname, 7), 'YYYY_MM')) into oldest
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'audit.security_audit_log'::regclass;
  if month < least(this_month - interval '1 year', oldest) or month > this_month + interval '1 year' then
    raise exception 'the month of % is too far from today', wanted using errcode = 'datetime_field_overflow';
  end if;
  -- Attached after it is made, because "partition of" would wait for all readers of the log, and all writers for it.
  execute format(
    'create table audit.%I (like audit.security_audit_log including defaults including generated including constraints)',
    name);
  execute format(
    'alter table audit.security_audit_log attach partition audit.%I for values from (%L) to (%L)',
    name, month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  return true;
end
$$;
revoke all on function audit.create_month_partition(date) from public;
