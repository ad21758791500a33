create table identity.users (
  id                    uuid        not null,
  username              text,
  email                 text        not null,
  password_hash         text        not null,
  phone_number          bytea,
  email_verified        boolean     not null default false,
  phone_verified        boolean     not null default false,
  is_active             boolean     not null default true,
  failed_login_attempts integer     not null default 0,
  locked_until          timestamptz,
  profile               jsonb       not null default '{}',
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  last_login_at         timestamptz,
  last_login_ip         inet,
  deleted_at            timestamptz,
  constraint users_pkey primary key (id),
  constraint users_failed_login_attempts_check check (failed_login_attempts >= 0),
  constraint users_profile_check check (jsonb_typeof(profile) = 'object')
);
comment on table identity.users is 'distributed by id; rows live for ever';
comment on column identity.users.username is 'As the user wrote it; unique without regard to case through username_lookup.';
comment on column identity.users.email is 'In lower case; unique through email_lookup.';
comment on column identity.users.password_hash is 'argon2id, in PHC string format.';
comment on column identity.users.phone_number is 'AES-256-GCM ciphertext.';
comment on column identity.users.updated_at is 'Last change of the account itself; signing in is none.';

-- The unique keys of users live in tables of their own, because a unique index of a table that is distributed by id
-- could not tell whether an address is taken on another node.
create table identity.email_lookup (
  email   text not null,
  user_id uuid not null,
  constraint email_lookup_pkey primary key (email),
  constraint email_lookup_email_check check (email = lower(email))
);
comment on table identity.email_lookup is 'distributed by email; rows live as long as their user';

create table identity.username_lookup (
  username text not null,
  user_id  uuid not null,
  constraint username_lookup_pkey primary key (username),
  constraint username_lookup_username_check check (username = lower(username))
);
comment on table identity.username_lookup is 'distributed by username; rows live as long as their user';

create table identity.password_history (
  user_id       uuid        not null,
  id            uuid        not null,
  password_hash text        not null,
  created_at    timestamptz not null,
  constraint password_history_pkey primary key (user_id, id),
  constraint password_history_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.password_history is
  'distributed by user_id; rows live as long as their user; every password that was set, the present one too';

create table identity.outbox (
  id             uuid        not null,
  payload        bytea       not null,
  created_at     timestamptz not null default now(),
  attempts       integer     not null default 0,
  refused_at     timestamptz,
  refused_reason text,
  constraint outbox_pkey primary key (id)
);
create index outbox_pending on identity.outbox (id) where refused_at is null;
comment on table identity.outbox is 'local; rows leave by outbox-relay after delivery';
