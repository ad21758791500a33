-- How far a session was proved, and how it is used. None of these has an index, so that noting the use of a session
-- changes nothing but its row (heap-only tuple updates).
alter table session.sessions
  add column authentication_level smallint not null default 1 check (authentication_level between 1 and 3),
  add column idle_timeout_seconds integer not null default 0 check (idle_timeout_seconds >= 0),
  add column last_ip_address inet;
alter table session.sessions set (fillfactor = 80);

-- For the sweep of sessions that ended long ago.
create index sessions_by_end on session.sessions (expires_at);
-- For telling once more what was revoked just before Redis was lost.
create index sessions_by_revocation on session.sessions (revoked_at) where revoked_at is not null;
comment on table session.sessions is 'distributed by user_id; rows leave by sweep-sessions after GATEHOUSE_SESSION_RETENTION_DAYS';
