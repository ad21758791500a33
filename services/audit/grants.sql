-- What the audit service's role may do. It adds events and reads them; nothing lets it change or remove one.
grant usage on schema audit to gatehouse_audit;
grant select on audit.schema_migrations to gatehouse_audit;
grant select, insert on audit.security_audit_log to gatehouse_audit;
grant execute on function audit.create_month_partition(date) to gatehouse_audit;
grant select, insert, delete on audit.idempotency_keys to gatehouse_audit;
grant update (response) on audit.idempotency_keys to gatehouse_audit;
