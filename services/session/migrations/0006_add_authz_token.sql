-- The newest consistency token that authz has given for the user of a session, and its place among them: what the user has
-- done, or was given, is seen by every check that carries it.
alter table session.sessions
  add column authz_token varchar(256) not null default '',
  add column authz_position bigint not null default 0 constraint sessions_authz_position_check check (authz_position >= 0);
