-- What the session service's role may do, table by table. It owns nothing and can alter nothing.
grant usage on schema session to gatehouse_session;
grant select on session.schema_migrations to gatehouse_session;
grant select, insert on session.sessions to gatehouse_session;
grant update (last_activity_at, revoked_at, revoked_reason, version) on session.sessions to gatehouse_session;
grant select, insert, delete on session.invalidations to gatehouse_session;
grant update on session.invalidations to gatehouse_session; -- for update skip locked
grant select, insert, update, delete on session.outbox to gatehouse_session;
