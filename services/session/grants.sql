-- What the session service's role may do, table by table. It owns nothing and can alter nothing.
grant usage on schema session to gatehouse_session;
grant select on session.schema_migrations to gatehouse_session;
grant select, insert, delete on session.sessions to gatehouse_session;
grant update (last_activity_at, last_ip_address, expires_at, revoked_at, revoked_reason, version, authz_token, authz_position)
  on session.sessions to gatehouse_session;
grant select, insert, delete on session.refresh_tokens to gatehouse_session;
grant update (generation, token_hash, issued_at, rotated_at) on session.refresh_tokens to gatehouse_session;
grant select, insert, delete on session.signing_keys to gatehouse_session;
grant update (private_key_sealed, activates_at, retires_at, expires_at, revoked_at, revoked_reason) on session.signing_keys to gatehouse_session;
grant select, insert, delete on session.invalidations to gatehouse_session;
grant update on session.invalidations to gatehouse_session; -- for update skip locked
grant select, insert, update, delete on session.outbox to gatehouse_session;
grant select, insert, delete on session.idempotency_keys to gatehouse_session;
grant update (response) on session.idempotency_keys to gatehouse_session;
