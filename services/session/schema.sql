CREATE SCHEMA session;

CREATE TABLE session.idempotency_keys (
    peer text NOT NULL,
    actor_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

COMMENT ON TABLE session.idempotency_keys IS 'local; rows leave by sweep-idempotency-keys after 24 hours';

CREATE TABLE session.invalidations (
    id uuid NOT NULL,
    subject_id uuid NOT NULL,
    version bigint NOT NULL,
    gone text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE session.invalidations IS 'local; rows live until the caches have heard of the change';

CREATE TABLE session.outbox (
    id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    refused_at timestamp with time zone,
    refused_reason text,
    held_until timestamp with time zone
);

COMMENT ON TABLE session.outbox IS 'local; rows leave by outbox-relay after delivery';

CREATE TABLE session.refresh_tokens (
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    generation integer NOT NULL,
    token_hash bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    rotated_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT refresh_tokens_generation_check CHECK ((generation >= 0)),
    CONSTRAINT refresh_tokens_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

COMMENT ON TABLE session.refresh_tokens IS 'distributed by user_id; rows leave by sweep-sessions after GATEHOUSE_SESSION_RETENTION_DAYS';

CREATE TABLE session.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE session.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_token_hash bytea NOT NULL,
    authentication_methods text[] NOT NULL,
    ip_address inet,
    user_agent text,
    device_fingerprint text,
    country_code character(2),
    city character varying(100),
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_activity_at timestamp with time zone NOT NULL,
    is_active boolean GENERATED ALWAYS AS ((revoked_at IS NULL)) STORED,
    revoked_at timestamp with time zone,
    revoked_reason character varying(50),
    version bigint DEFAULT 1 NOT NULL,
    authentication_level smallint DEFAULT 1 NOT NULL,
    idle_timeout_seconds integer DEFAULT 0 NOT NULL,
    last_ip_address inet,
    authz_token character varying(256) DEFAULT ''::character varying NOT NULL,
    authz_position bigint DEFAULT 0 NOT NULL,
    token_key_id smallint,
    CONSTRAINT sessions_authentication_level_check CHECK (((authentication_level >= 1) AND (authentication_level <= 3))),
    CONSTRAINT sessions_authz_position_check CHECK ((authz_position >= 0)),
    CONSTRAINT sessions_check CHECK ((expires_at > created_at)),
    CONSTRAINT sessions_check1 CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL))),
    CONSTRAINT sessions_device_fingerprint_check CHECK ((length(device_fingerprint) <= 128)),
    CONSTRAINT sessions_idle_timeout_seconds_check CHECK ((idle_timeout_seconds >= 0)),
    CONSTRAINT sessions_session_token_hash_check CHECK ((octet_length(session_token_hash) = 32)),
    CONSTRAINT sessions_token_key_id_check CHECK (((token_key_id >= 1) AND (token_key_id <= 255))),
    CONSTRAINT sessions_user_agent_check CHECK ((length(user_agent) <= 512))
)
WITH (fillfactor='80');

COMMENT ON TABLE session.sessions IS 'distributed by user_id; rows leave by sweep-sessions after GATEHOUSE_SESSION_RETENTION_DAYS';

CREATE TABLE session.signing_keys (
    kid character varying(64) NOT NULL,
    algorithm character varying(16) NOT NULL,
    public_jwk jsonb NOT NULL,
    private_key_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    activates_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_reason character varying(200),
    CONSTRAINT signing_keys_check CHECK (((retires_at IS NULL) = (expires_at IS NULL))),
    CONSTRAINT signing_keys_check1 CHECK (((expires_at IS NULL) OR (expires_at >= retires_at)))
);

COMMENT ON TABLE session.signing_keys IS 'reference; rows leave by rotate-signing-keys after the last token that they signed has ended';

ALTER TABLE ONLY session.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (peer, actor_id, key);

ALTER TABLE ONLY session.invalidations
    ADD CONSTRAINT invalidations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY session.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY session.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (user_id, session_id);

ALTER TABLE ONLY session.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY session.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY session.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

CREATE INDEX idempotency_keys_created_at ON session.idempotency_keys USING btree (created_at);

CREATE INDEX outbox_pending ON session.outbox USING btree (id) WHERE (refused_at IS NULL);

CREATE INDEX sessions_active ON session.sessions USING btree (user_id, expires_at) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_by_end ON session.sessions USING btree (expires_at);

CREATE INDEX sessions_by_id ON session.sessions USING btree (id);

CREATE INDEX sessions_by_revocation ON session.sessions USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX sessions_by_token_key ON session.sessions USING btree (token_key_id, expires_at) WHERE ((revoked_at IS NULL) AND (token_key_id IS NOT NULL));

CREATE INDEX sessions_without_token_key ON session.sessions USING btree (expires_at) WHERE ((revoked_at IS NULL) AND (token_key_id IS NULL));

ALTER TABLE ONLY session.refresh_tokens
    ADD CONSTRAINT refresh_tokens_user_id_session_id_fkey FOREIGN KEY (user_id, session_id) REFERENCES session.sessions(user_id, id) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA session TO gatehouse_session;

GRANT SELECT,INSERT,DELETE ON TABLE session.idempotency_keys TO gatehouse_session;

GRANT UPDATE(response) ON TABLE session.idempotency_keys TO gatehouse_session;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE session.invalidations TO gatehouse_session;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE session.outbox TO gatehouse_session;

GRANT SELECT,INSERT,DELETE ON TABLE session.refresh_tokens TO gatehouse_session;

GRANT UPDATE(generation) ON TABLE session.refresh_tokens TO gatehouse_session;

GRANT UPDATE(token_hash) ON TABLE session.refresh_tokens TO gatehouse_session;

GRANT UPDATE(issued_at) ON TABLE session.refresh_tokens TO gatehouse_session;

GRANT UPDATE(rotated_at) ON TABLE session.refresh_tokens TO gatehouse_session;

GRANT SELECT ON TABLE session.schema_migrations TO gatehouse_session;

GRANT SELECT,INSERT,DELETE ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(expires_at) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(last_activity_at) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(revoked_at) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(revoked_reason) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(version) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(last_ip_address) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(authz_token) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(authz_position) ON TABLE session.sessions TO gatehouse_session;

GRANT SELECT,INSERT,DELETE ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(private_key_sealed) ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(activates_at) ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(retires_at) ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(expires_at) ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(revoked_at) ON TABLE session.signing_keys TO gatehouse_session;

GRANT UPDATE(revoked_reason) ON TABLE session.signing_keys TO gatehouse_session;
