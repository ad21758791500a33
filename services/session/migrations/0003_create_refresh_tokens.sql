-- The refresh tokens of a session are one family, and the family is one row: the token that may be used next, by its
-- hash, and when its predecessor was used. Predecessors are recognised by what they carry (see src/domain/refresh-token.ts).
create table session.refresh_tokens (
  user_id uuid not null,
  session_id uuid not null,
  generation integer not null check (generation >= 0),
  token_hash bytea not null check (octet_length(token_hash) = 32),
  issued_at timestamptz not null,
  rotated_at timestamptz,
  expires_at timestamptz not null,
  primary key (user_id, session_id),
  foreign key (user_id, session_id) references session.sessions (user_id, id) on delete cascade
);
comment on table session.refresh_tokens is 'distributed by user_id; rows leave by sweep-sessions after GATEHOUSE_SESSION_RETENTION_DAYS';
