CREATE SCHEMA identity;

CREATE TABLE identity.email_lookup (
    email text NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT email_lookup_email_check CHECK ((email = lower(email)))
);

COMMENT ON TABLE identity.email_lookup IS 'distributed by email; rows live as long as their user';

CREATE TABLE identity.idempotency_keys (
    peer text NOT NULL,
    actor_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

COMMENT ON TABLE identity.idempotency_keys IS 'local; rows leave by sweep-idempotency-keys after 24 hours';

CREATE TABLE identity.outbox (
    id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    refused_at timestamp with time zone,
    refused_reason text,
    held_until timestamp with time zone
);

COMMENT ON TABLE identity.outbox IS 'local; rows leave by outbox-relay after delivery';

CREATE TABLE identity.password_history (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE identity.password_history IS 'distributed by user_id; rows live as long as their user; every password that was set, the present one too';

CREATE TABLE identity.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE identity.username_lookup (
    username text NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT username_lookup_username_check CHECK ((username = lower(username)))
);

COMMENT ON TABLE identity.username_lookup IS 'distributed by username; rows live as long as their user';

CREATE TABLE identity.users (
    id uuid NOT NULL,
    username text,
    email text NOT NULL,
    password_hash text NOT NULL,
    phone_number bytea,
    email_verified boolean DEFAULT false NOT NULL,
    phone_verified boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    failed_login_attempts integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    profile jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    last_login_at timestamp with time zone,
    last_login_ip inet,
    deleted_at timestamp with time zone,
    CONSTRAINT users_failed_login_attempts_check CHECK ((failed_login_attempts >= 0)),
    CONSTRAINT users_profile_check CHECK ((jsonb_typeof(profile) = 'object'::text))
);

COMMENT ON TABLE identity.users IS 'distributed by id; rows live for ever';

COMMENT ON COLUMN identity.users.username IS 'As the user wrote it; unique without regard to case through username_lookup.';

COMMENT ON COLUMN identity.users.email IS 'In lower case; unique through email_lookup.';

COMMENT ON COLUMN identity.users.password_hash IS 'argon2id, in PHC string format.';

COMMENT ON COLUMN identity.users.phone_number IS 'AES-256-GCM ciphertext.';

COMMENT ON COLUMN identity.users.updated_at IS 'Last change of the account itself; signing in is none.';

ALTER TABLE ONLY identity.email_lookup
    ADD CONSTRAINT email_lookup_pkey PRIMARY KEY (email);

ALTER TABLE ONLY identity.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (peer, actor_id, key);

ALTER TABLE ONLY identity.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY identity.password_history
    ADD CONSTRAINT password_history_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY identity.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY identity.username_lookup
    ADD CONSTRAINT username_lookup_pkey PRIMARY KEY (username);

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX idempotency_keys_created_at ON identity.idempotency_keys USING btree (created_at);

CREATE INDEX outbox_pending ON identity.outbox USING btree (id) WHERE (refused_at IS NULL);

ALTER TABLE ONLY identity.password_history
    ADD CONSTRAINT password_history_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA identity TO gatehouse_identity;

GRANT SELECT,INSERT ON TABLE identity.email_lookup TO gatehouse_identity;

GRANT SELECT,INSERT,DELETE ON TABLE identity.idempotency_keys TO gatehouse_identity;

GRANT UPDATE(response) ON TABLE identity.idempotency_keys TO gatehouse_identity;

GRANT SELECT,INSERT,DELETE ON TABLE identity.outbox TO gatehouse_identity;

GRANT UPDATE(attempts) ON TABLE identity.outbox TO gatehouse_identity;

GRANT UPDATE(refused_at) ON TABLE identity.outbox TO gatehouse_identity;

GRANT UPDATE(refused_reason) ON TABLE identity.outbox TO gatehouse_identity;

GRANT UPDATE(held_until) ON TABLE identity.outbox TO gatehouse_identity;

GRANT INSERT ON TABLE identity.password_history TO gatehouse_identity;

GRANT SELECT ON TABLE identity.schema_migrations TO gatehouse_identity;

GRANT SELECT,INSERT ON TABLE identity.username_lookup TO gatehouse_identity;

GRANT SELECT,INSERT ON TABLE identity.users TO gatehouse_identity;

GRANT UPDATE(password_hash) ON TABLE identity.users TO gatehouse_identity;

GRANT UPDATE(failed_login_attempts) ON TABLE identity.users TO gatehouse_identity;

GRANT UPDATE(last_login_at) ON TABLE identity.users TO gatehouse_identity;

GRANT UPDATE(last_login_ip) ON TABLE identity.users TO gatehouse_identity;
