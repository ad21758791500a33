-- Changes of which the caches have not heard yet.
create table authz.invalidations (
  id uuid primary key,
  subject_id uuid not null,
  version bigint not null,
  gone text,
  created_at timestamptz not null default now()
);
comment on table authz.invalidations is 'local; rows live until the caches have heard of the change';

-- Audit events on their way to the audit service.
create table authz.outbox (
  id uuid primary key,
  payload bytea not null,
  created_at timestamptz not null default now(),
  attempts integer not null default 0,
  refused_at timestamptz,
  refused_reason text
);
create index outbox_pending on authz.outbox (id) where refused_at is null;
comment on table authz.outbox is 'local; rows leave by outbox-relay after delivery';
