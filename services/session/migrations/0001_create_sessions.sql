-- A user's sessions. The id of a session ends in 12 bits of a hash of its user (see src/domain/session-id.ts).
create table session.sessions (
  id uuid not null,
  user_id uuid not null,
  session_token_hash bytea not null check (octet_length(session_token_hash) = 32),
  authentication_methods text[] not null,
  ip_address inet,
  user_agent text check (length(user_agent) <= 512),
  device_fingerprint text check (length(device_fingerprint) <= 128),
  country_code char(2),
  city varchar(100),
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at),
  last_activity_at timestamptz not null,
  is_active boolean generated always as (revoked_at is null) stored,
  revoked_at timestamptz,
  revoked_reason varchar(50) check ((revoked_at is null) = (revoked_reason is null)),
  -- Rises with every change, so that a cache never replaces a newer state with an older one.
  version bigint not null default 1,
  primary key (user_id, id)
);
comment on table session.sessions is 'distributed by user_id; rows live for ever';

-- A token names its session and not its user, so the way from a token to its row leads here.
create index sessions_by_id on session.sessions (id);

-- Changes of which the caches have not heard yet.
create table session.invalidations (
  id uuid primary key,
  subject_id uuid not null,
  version bigint not null,
  gone text,
  created_at timestamptz not null default now()
);
comment on table session.invalidations is 'local; rows live until the caches have heard of the change';

-- Audit events on their way to the audit service.
create table session.outbox (
  id uuid primary key,
  payload bytea not null,
  created_at timestamptz not null default now(),
  attempts integer not null default 0,
  refused_at timestamptz,
  refused_reason text
);
create index outbox_pending on session.outbox (id) where refused_at is null;
comment on table session.outbox is 'local; rows leave by outbox-relay after delivery';
