CREATE SCHEMA ops;

CREATE TABLE ops.backup_configurations (
    id uuid NOT NULL,
    backup_name character varying(100) NOT NULL,
    backup_type character varying(20) NOT NULL,
    frequency character varying(20) NOT NULL,
    retention_days integer,
    source_database character varying(63),
    target_location text,
    compression_level integer,
    encryption_enabled boolean DEFAULT false NOT NULL,
    schedule_cron character varying(100),
    is_active boolean DEFAULT true NOT NULL,
    last_successful_backup timestamp with time zone,
    last_backup_size_bytes bigint,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by uuid,
    CONSTRAINT backup_configurations_retention_days_check CHECK ((retention_days > 0))
);

COMMENT ON TABLE ops.backup_configurations IS 'local; rows live until an operator removes them';

CREATE TABLE ops.backup_execution_log (
    id uuid NOT NULL,
    backup_config_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    status character varying(20) NOT NULL,
    backup_size_bytes bigint,
    compressed_size_bytes bigint,
    compression_ratio numeric(12,3),
    backup_location text,
    backup_checksum text,
    verification_status character varying(20),
    verification_completed_at timestamp with time zone,
    duration_seconds integer,
    throughput_mbps numeric(12,3),
    error_message text,
    error_code character varying(50),
    retry_count integer DEFAULT 0 NOT NULL,
    execution_date date NOT NULL,
    backup_type character varying(20) NOT NULL,
    label character varying(100),
    wal_start character varying(24),
    wal_stop character varying(24),
    requested_by character varying(255) NOT NULL,
    requester jsonb NOT NULL,
    CONSTRAINT backup_execution_log_backup_type_check CHECK (((backup_type)::text = ANY ((ARRAY['full'::character varying, 'differential'::character varying, 'incremental'::character varying])::text[]))),
    CONSTRAINT backup_execution_log_check CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'failed'::character varying])::text[])) = (completed_at IS NOT NULL))),
    CONSTRAINT backup_execution_log_check1 CHECK ((((status)::text <> 'completed'::text) OR (label IS NOT NULL))),
    CONSTRAINT backup_execution_log_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying, 'completed'::character varying, 'failed'::character varying])::text[])))
);

COMMENT ON TABLE ops.backup_execution_log IS 'local; rows live for ever';

CREATE TABLE ops.idempotency_keys (
    peer text NOT NULL,
    actor_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

COMMENT ON TABLE ops.idempotency_keys IS 'local; rows leave by sweep-idempotency-keys after 24 hours';

CREATE TABLE ops.outbox (
    id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    refused_at timestamp with time zone,
    refused_reason text,
    held_until timestamp with time zone
);

COMMENT ON TABLE ops.outbox IS 'local; rows leave by outbox-relay after delivery';

CREATE TABLE ops.recovery_points (
    id uuid NOT NULL,
    recovery_point_name character varying(100) NOT NULL,
    lsn pg_lsn,
    created_at timestamp with time zone NOT NULL,
    full_backup_id uuid,
    wal_backup_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    database_size_bytes bigint,
    transaction_count bigint,
    active_connections integer,
    is_verified boolean DEFAULT false NOT NULL,
    verification_date timestamp with time zone,
    recovery_test_date timestamp with time zone,
    recovery_type character varying(20) NOT NULL,
    retention_until timestamp with time zone,
    created_by uuid,
    description text
);

COMMENT ON TABLE ops.recovery_points IS 'local; rows live for ever';

CREATE TABLE ops.restore_drills (
    id uuid NOT NULL,
    backup_execution_id uuid NOT NULL,
    status character varying(20) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    recovery_time_ms bigint,
    row_counts jsonb,
    witness_user_ids uuid[] NOT NULL,
    found_witness_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    missing_witness_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    restored_until timestamp with time zone,
    error_message text,
    error_code character varying(50),
    retry_count integer DEFAULT 0 NOT NULL,
    requested_by character varying(255) NOT NULL,
    requester jsonb NOT NULL,
    CONSTRAINT restore_drills_check CHECK ((((status)::text = ANY ((ARRAY['completed'::character varying, 'failed'::character varying])::text[])) = (completed_at IS NOT NULL))),
    CONSTRAINT restore_drills_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying, 'completed'::character varying, 'failed'::character varying])::text[])))
);

COMMENT ON TABLE ops.restore_drills IS 'local; rows live for ever';

CREATE TABLE ops.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY ops.backup_configurations
    ADD CONSTRAINT backup_configurations_backup_name_key UNIQUE (backup_name);

ALTER TABLE ONLY ops.backup_configurations
    ADD CONSTRAINT backup_configurations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.backup_execution_log
    ADD CONSTRAINT backup_execution_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (peer, actor_id, key);

ALTER TABLE ONLY ops.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.recovery_points
    ADD CONSTRAINT recovery_points_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.recovery_points
    ADD CONSTRAINT recovery_points_recovery_point_name_key UNIQUE (recovery_point_name);

ALTER TABLE ONLY ops.restore_drills
    ADD CONSTRAINT restore_drills_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

CREATE INDEX backup_execution_log_by_label ON ops.backup_execution_log USING btree (label);

CREATE INDEX idempotency_keys_created_at ON ops.idempotency_keys USING btree (created_at);

CREATE UNIQUE INDEX one_backup_at_a_time ON ops.backup_execution_log USING btree ((true)) WHERE ((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying])::text[]));

CREATE UNIQUE INDEX one_restore_drill_at_a_time ON ops.restore_drills USING btree ((true)) WHERE ((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying])::text[]));

CREATE INDEX outbox_pending ON ops.outbox USING btree (id) WHERE (refused_at IS NULL);

ALTER TABLE ONLY ops.backup_execution_log
    ADD CONSTRAINT backup_execution_log_backup_config_id_fkey FOREIGN KEY (backup_config_id) REFERENCES ops.backup_configurations(id);

ALTER TABLE ONLY ops.recovery_points
    ADD CONSTRAINT recovery_points_full_backup_id_fkey FOREIGN KEY (full_backup_id) REFERENCES ops.backup_execution_log(id);

ALTER TABLE ONLY ops.restore_drills
    ADD CONSTRAINT restore_drills_backup_execution_id_fkey FOREIGN KEY (backup_execution_id) REFERENCES ops.backup_execution_log(id);

GRANT USAGE ON SCHEMA ops TO gatehouse_ops;

GRANT SELECT ON TABLE ops.backup_configurations TO gatehouse_ops;

GRANT UPDATE(last_successful_backup) ON TABLE ops.backup_configurations TO gatehouse_ops;

GRANT UPDATE(last_backup_size_bytes) ON TABLE ops.backup_configurations TO gatehouse_ops;

GRANT UPDATE(consecutive_failures) ON TABLE ops.backup_configurations TO gatehouse_ops;

GRANT UPDATE(updated_at) ON TABLE ops.backup_configurations TO gatehouse_ops;

GRANT SELECT,INSERT ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(completed_at) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(status) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(backup_size_bytes) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(compressed_size_bytes) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(compression_ratio) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(backup_location) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(verification_status) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(verification_completed_at) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(duration_seconds) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(throughput_mbps) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(error_message) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(error_code) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(retry_count) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(backup_type) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(label) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(wal_start) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT UPDATE(wal_stop) ON TABLE ops.backup_execution_log TO gatehouse_ops;

GRANT SELECT,INSERT,DELETE ON TABLE ops.idempotency_keys TO gatehouse_ops;

GRANT UPDATE(response) ON TABLE ops.idempotency_keys TO gatehouse_ops;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.outbox TO gatehouse_ops;

GRANT SELECT,INSERT ON TABLE ops.recovery_points TO gatehouse_ops;

GRANT UPDATE(is_verified) ON TABLE ops.recovery_points TO gatehouse_ops;

GRANT UPDATE(verification_date) ON TABLE ops.recovery_points TO gatehouse_ops;

GRANT UPDATE(recovery_test_date) ON TABLE ops.recovery_points TO gatehouse_ops;

GRANT SELECT,INSERT ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(status) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(completed_at) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(recovery_time_ms) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(row_counts) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(found_witness_ids) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(missing_witness_ids) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(restored_until) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(error_message) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(error_code) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT UPDATE(retry_count) ON TABLE ops.restore_drills TO gatehouse_ops;

GRANT SELECT ON TABLE ops.schema_migrations TO gatehouse_ops;
