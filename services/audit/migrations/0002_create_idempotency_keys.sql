-- What callers ask for once, however often they ask: the key that they chose, an HMAC of the request, and the answer without
-- its secrets. Whoever asks is the peer together with the end user for whom it acts; the nil UUID stands for none.
create table audit.idempotency_keys (
  peer text not null,
  actor_id uuid not null,
  key text not null constraint idempotency_keys_key_check check (length(key) between 1 and 64),
  request_digest bytea not null,
  response bytea,
  created_at timestamptz not null default now(),
  primary key (peer, actor_id, key)
);
create index idempotency_keys_created_at on audit.idempotency_keys (created_at);
comment on table audit.idempotency_keys is 'local; rows leave by sweep-idempotency-keys after 24 hours';
