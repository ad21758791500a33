CREATE SCHEMA session;

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
    refused_reason text
);

COMMENT ON TABLE session.outbox IS 'local; rows leave by outbox-relay after delivery';

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
    CONSTRAINT sessions_check CHECK ((expires_at > created_at)),
    CONSTRAINT sessions_check1 CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL))),
    CONSTRAINT sessions_device_fingerprint_check CHECK ((length(device_fingerprint) <= 128)),
    CONSTRAINT sessions_session_token_hash_check CHECK ((octet_length(session_token_hash) = 32)),
    CONSTRAINT sessions_user_agent_check CHECK ((length(user_agent) <= 512))
);

COMMENT ON TABLE session.sessions IS 'distributed by user_id; rows live for ever';

ALTER TABLE ONLY session.invalidations
    ADD CONSTRAINT invalidations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY session.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY session.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY session.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (user_id, id);

CREATE INDEX outbox_pending ON session.outbox USING btree (id) WHERE (refused_at IS NULL);

CREATE INDEX sessions_by_id ON session.sessions USING btree (id);

GRANT USAGE ON SCHEMA session TO gatehouse_session;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE session.invalidations TO gatehouse_session;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE session.outbox TO gatehouse_session;

GRANT SELECT ON TABLE session.schema_migrations TO gatehouse_session;

GRANT SELECT,INSERT ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(last_activity_at) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(revoked_at) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(revoked_reason) ON TABLE session.sessions TO gatehouse_session;

GRANT UPDATE(version) ON TABLE session.sessions TO gatehouse_session;
