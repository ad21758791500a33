-- What the ops service's role may do, table by table. It owns nothing and can alter nothing.
grant usage on schema ops to gatehouse_ops;
grant select on ops.schema_migrations to gatehouse_ops;
grant select on ops.backup_configurations to gatehouse_ops;
grant update (last_successful_backup, last_backup_size_bytes, consecutive_failures, updated_at) on ops.backup_configurations to gatehouse_ops;
grant select, insert on ops.backup_execution_log to gatehouse_ops;
grant update (completed_at, status, backup_size_bytes, compressed_size_bytes, compression_ratio, backup_location, verification_status, verification_completed_at, duration_seconds, throughput_mbps, error_message, error_code, retry_count, backup_type, label, wal_start, wal_stop) on ops.backup_execution_log to gatehouse_ops;
grant select, insert on ops.recovery_points to gatehouse_ops;
grant update (is_verified, verification_date, recovery_test_date) on ops.recovery_points to gatehouse_ops;
grant select, insert on ops.restore_drills to gatehouse_ops;
grant update (completed_at, status, recovery_time_ms, row_counts, found_witness_ids, missing_witness_ids, restored_until, error_message, error_code, retry_count) on ops.restore_drills to gatehouse_ops;
grant select, insert, update, delete on ops.outbox to gatehouse_ops;
grant select, insert, delete on ops.idempotency_keys to gatehouse_ops;
grant update (response) on ops.idempotency_keys to gatehouse_ops;
