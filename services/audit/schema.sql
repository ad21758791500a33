CREATE SCHEMA audit;

CREATE FUNCTION audit.create_month_partition(wanted date) RETURNS boolean
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '2s'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS $$
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

CREATE TABLE audit.idempotency_keys (
    peer text NOT NULL,
    actor_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

COMMENT ON TABLE audit.idempotency_keys IS 'local; rows leave by sweep-idempotency-keys after 24 hours';

CREATE TABLE audit.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE audit.security_audit_log (
    id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    user_id uuid,
    session_id uuid,
    event_type character varying(65) NOT NULL,
    event_status character varying(20) NOT NULL,
    event_description text,
    ip_address inet,
    user_agent text,
    request_id uuid NOT NULL,
    risk_score integer,
    is_suspicious boolean,
    partition_date date GENERATED ALWAYS AS (((occurred_at AT TIME ZONE 'UTC'::text))::date) STORED,
    service character varying(32) NOT NULL,
    actor character varying(128) NOT NULL,
    peer character varying(128) NOT NULL,
    trace_id character varying(32),
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT security_audit_log_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text)),
    CONSTRAINT security_audit_log_event_status_check CHECK (((event_status)::text = ANY ((ARRAY['success'::character varying, 'denied'::character varying, 'failure'::character varying])::text[]))),
    CONSTRAINT security_audit_log_risk_score_check CHECK (((risk_score >= 0) AND (risk_score <= 100)))
)
PARTITION BY RANGE (occurred_at);

COMMENT ON TABLE audit.security_audit_log IS 'distributed by id; rows live for ever; a partition for each month, made ahead by src/jobs/make-partitions.ts';

ALTER TABLE ONLY audit.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (peer, actor_id, key);

ALTER TABLE ONLY audit.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY audit.security_audit_log
    ADD CONSTRAINT security_audit_log_pkey PRIMARY KEY (id, occurred_at);

CREATE INDEX idempotency_keys_created_at ON audit.idempotency_keys USING btree (created_at);

CREATE INDEX security_audit_log_by_request ON ONLY audit.security_audit_log USING btree (request_id);

CREATE INDEX security_audit_log_by_time ON ONLY audit.security_audit_log USING btree (occurred_at, id);

CREATE INDEX security_audit_log_by_type ON ONLY audit.security_audit_log USING btree (event_type, occurred_at, id);

CREATE INDEX security_audit_log_by_user ON ONLY audit.security_audit_log USING btree (user_id, occurred_at, id) WHERE (user_id IS NOT NULL);

GRANT USAGE ON SCHEMA audit TO gatehouse_audit;

REVOKE ALL ON FUNCTION audit.create_month_partition(wanted date) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.create_month_partition(wanted date) TO gatehouse_audit;

GRANT SELECT,INSERT,DELETE ON TABLE audit.idempotency_keys TO gatehouse_audit;

GRANT UPDATE(response) ON TABLE audit.idempotency_keys TO gatehouse_audit;

GRANT SELECT ON TABLE audit.schema_migrations TO gatehouse_audit;

GRANT SELECT,INSERT ON TABLE audit.security_audit_log TO gatehouse_audit;
