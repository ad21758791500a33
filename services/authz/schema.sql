CREATE SCHEMA authz;

CREATE FUNCTION authz.refresh_user_role_cache(max_age interval) RETURNS boolean
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
begin
  if not pg_try_advisory_xact_lock(hashtextextended('gatehouse.authz.user-role-cache', 0)) then
    return false;
  end if;
  perform from authz.user_role_cache_refresh where refreshed_at > now() - max_age;
  if found then
    return false;
  end if;
  if (select relispopulated from pg_class where oid = 'authz.user_role_cache'::regclass) then
    refresh materialized view concurrently authz.user_role_cache;
  else
    refresh materialized view authz.user_role_cache;
  end if;
  update authz.user_role_cache_refresh set refreshed_at = clock_timestamp();
  return true;
end
$$;

CREATE TABLE authz.changes (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    revision bigint NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE authz.changes IS 'local; rows leave by sweep-changes after 72 hours; user_id null: the model';

CREATE TABLE authz.changes_swept (
    singleton boolean DEFAULT true NOT NULL,
    through_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    CONSTRAINT changes_swept_singleton_check CHECK (singleton)
);

COMMENT ON TABLE authz.changes_swept IS 'local; rows live for ever; one row';

CREATE TABLE authz.idempotency_keys (
    peer text NOT NULL,
    actor_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

COMMENT ON TABLE authz.idempotency_keys IS 'local; rows leave by sweep-idempotency-keys after 24 hours';

CREATE TABLE authz.invalidations (
    id uuid NOT NULL,
    subject_id uuid NOT NULL,
    version bigint NOT NULL,
    gone text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE authz.invalidations IS 'local; rows live until the caches have heard of the change';

CREATE TABLE authz.model_revision (
    singleton boolean DEFAULT true NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT model_revision_revision_check CHECK ((revision >= 0)),
    CONSTRAINT model_revision_singleton_check CHECK (singleton)
);

COMMENT ON TABLE authz.model_revision IS 'reference; rows live for ever; one row';

CREATE TABLE authz.outbox (
    id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    refused_at timestamp with time zone,
    refused_reason text,
    held_until timestamp with time zone
);

COMMENT ON TABLE authz.outbox IS 'local; rows leave by outbox-relay after delivery';

CREATE TABLE authz.permissions (
    id uuid NOT NULL,
    resource text NOT NULL,
    action text NOT NULL,
    name text GENERATED ALWAYS AS (((resource || ':'::text) || action)) STORED NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    category text DEFAULT ''::text NOT NULL,
    is_dangerous boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid,
    condition text DEFAULT ''::text NOT NULL,
    CONSTRAINT permissions_action_check CHECK ((action ~ '^(\*|[A-Za-z0-9_.~%-]{1,128})$'::text)),
    CONSTRAINT permissions_category_check CHECK ((length(category) <= 100)),
    CONSTRAINT permissions_condition_check CHECK ((length(condition) <= 1024)),
    CONSTRAINT permissions_description_check CHECK ((length(description) <= 1000)),
    CONSTRAINT permissions_resource_check CHECK ((resource ~ '^(\*|[A-Za-z0-9_.~%-]{1,128})$'::text))
);

COMMENT ON TABLE authz.permissions IS 'reference; rows live for ever';

CREATE TABLE authz.revisions (
    user_id uuid NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT revisions_revision_check CHECK ((revision > 0))
);

COMMENT ON TABLE authz.revisions IS 'distributed by user_id; rows live as long as their user';

CREATE TABLE authz.role_exclusions (
    role_id uuid NOT NULL,
    excluded_role_id uuid NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid,
    CONSTRAINT role_exclusions_order_check CHECK ((role_id < excluded_role_id)),
    CONSTRAINT role_exclusions_reason_check CHECK ((length(reason) <= 1000))
);

COMMENT ON TABLE authz.role_exclusions IS 'reference; rows live until they are deleted';

CREATE TABLE authz.role_grants (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    role_id uuid NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by uuid,
    reason text DEFAULT ''::text NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    status text DEFAULT 'active'::text NOT NULL,
    condition text DEFAULT ''::text NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    updated_by uuid,
    updated_at timestamp with time zone,
    CONSTRAINT role_grants_condition_check CHECK ((length(condition) <= 1024)),
    CONSTRAINT role_grants_period_check CHECK ((valid_from < valid_until)),
    CONSTRAINT role_grants_reason_check CHECK ((length(reason) <= 1000)),
    CONSTRAINT role_grants_scope_check CHECK ((length(scope) <= 512)),
    CONSTRAINT role_grants_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'pending'::text])))
);

COMMENT ON TABLE authz.role_grants IS 'distributed by user_id; rows live until they are revoked';

CREATE TABLE authz.role_permissions (
    id uuid NOT NULL,
    role_id uuid NOT NULL,
    permission_id uuid NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by uuid,
    effect text DEFAULT 'allow'::text NOT NULL,
    condition text DEFAULT ''::text NOT NULL,
    CONSTRAINT role_permissions_condition_check CHECK (((length(condition) <= 1024) AND ((effect = 'deny'::text) OR (condition = ''::text)))),
    CONSTRAINT role_permissions_effect_check CHECK ((effect = ANY (ARRAY['allow'::text, 'deny'::text])))
);

COMMENT ON TABLE authz.role_permissions IS 'reference; rows live for ever';

CREATE TABLE authz.roles (
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    is_system_role boolean DEFAULT false NOT NULL,
    parent_role_id uuid,
    level integer NOT NULL,
    parent_level integer GENERATED ALWAYS AS (
CASE
    WHEN (parent_role_id IS NULL) THEN NULL::integer
    ELSE (level - 1)
END) STORED,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    created_by uuid,
    CONSTRAINT roles_description_check CHECK ((length(description) <= 1000)),
    CONSTRAINT roles_level_check CHECK (((level >= 0) AND (level <= 32))),
    CONSTRAINT roles_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT roles_root_level_check CHECK (((parent_role_id IS NULL) = (level = 0)))
);

COMMENT ON TABLE authz.roles IS 'reference; rows live for ever';

CREATE TABLE authz.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE MATERIALIZED VIEW authz.user_role_cache AS
 WITH RECURSIVE granted AS (
         SELECT role_grants.user_id,
            role_grants.role_id,
            min(role_grants.granted_at) AS granted_at,
            max(GREATEST(role_grants.granted_at, role_grants.updated_at, role_grants.approved_at, role_grants.valid_from)) AS changed_at
           FROM authz.role_grants
          WHERE ((role_grants.status = 'active'::text) AND ((role_grants.valid_from IS NULL) OR (role_grants.valid_from <= now())) AND ((role_grants.valid_until IS NULL) OR (role_grants.valid_until > now())))
          GROUP BY role_grants.user_id, role_grants.role_id
        ), users AS (
         SELECT granted.user_id,
            array_agg(granted.role_id ORDER BY granted.role_id) AS role_ids,
            max(granted.changed_at) AS changed_at
           FROM granted
          GROUP BY granted.user_id
        ), sets AS (
         SELECT DISTINCT users.role_ids
           FROM users
        ), lineage AS (
         SELECT r_1.id AS role_id,
            r_1.id AS ancestor_id,
            r_1.parent_role_id,
            r_1.updated_at
           FROM authz.roles r_1
        UNION ALL
         SELECT l.role_id,
            r_1.id,
            r_1.parent_role_id,
            r_1.updated_at
           FROM (lineage l
             JOIN authz.roles r_1 ON ((r_1.id = l.parent_role_id)))
        ), set_lineage AS (
         SELECT DISTINCT s.role_ids,
            l.ancestor_id,
            l.updated_at
           FROM ((sets s
             CROSS JOIN LATERAL unnest(s.role_ids) u_1(role_id))
             JOIN lineage l ON ((l.role_id = u_1.role_id)))
        ), set_permissions AS (
         SELECT DISTINCT s.role_ids,
            p.name,
            p.resource,
            p.action,
            rp.effect
           FROM ((set_lineage s
             JOIN authz.role_permissions rp ON ((rp.role_id = s.ancestor_id)))
             JOIN authz.permissions p ON ((p.id = rp.permission_id)))
        ), set_names AS (
         SELECT set_permissions.role_ids,
            array_agg(DISTINCT set_permissions.name ORDER BY set_permissions.name) AS permission_names
           FROM set_permissions
          WHERE (set_permissions.effect = 'allow'::text)
          GROUP BY set_permissions.role_ids
        ), set_actions AS (
         SELECT a_1.role_ids,
            array_agg(DISTINCT a_1.name ORDER BY a_1.name) AS resource_actions
           FROM set_permissions a_1
          WHERE ((a_1.effect = 'allow'::text) AND (NOT (EXISTS ( SELECT
                   FROM set_permissions d
                  WHERE ((d.role_ids = a_1.role_ids) AND (d.effect = 'deny'::text) AND (d.resource = ANY (ARRAY['*'::text, a_1.resource])) AND (d.action = ANY (ARRAY['*'::text, a_1.action])))))))
          GROUP BY a_1.role_ids
        ), set_roles AS (
         SELECT s.role_ids,
            array_agg(r_1.name ORDER BY r_1.name) AS role_names
           FROM ((sets s
             CROSS JOIN LATERAL unnest(s.role_ids) u_1(role_id))
             JOIN authz.roles r_1 ON ((r_1.id = u_1.role_id)))
          GROUP BY s.role_ids
        ), set_changes AS (
         SELECT s.role_ids,
            max(GREATEST(s.updated_at, rp.granted_at)) AS changed_at
           FROM (set_lineage s
             LEFT JOIN authz.role_permissions rp ON ((rp.role_id = s.ancestor_id)))
          GROUP BY s.role_ids
        )
 SELECT u.user_id,
    r.role_names,
    COALESCE(n.permission_names, '{}'::text[]) AS permission_names,
    COALESCE(a.resource_actions, '{}'::text[]) AS resource_actions,
    cardinality(r.role_names) AS role_count,
    cardinality(COALESCE(n.permission_names, '{}'::text[])) AS permission_count,
    GREATEST(u.changed_at, c.changed_at) AS cache_updated_at
   FROM ((((users u
     JOIN set_roles r USING (role_ids))
     JOIN set_changes c USING (role_ids))
     LEFT JOIN set_names n USING (role_ids))
     LEFT JOIN set_actions a USING (role_ids))
  WITH NO DATA;

COMMENT ON MATERIALIZED VIEW authz.user_role_cache IS 'local; rows live until the next refresh; made anew by src/jobs/refresh-user-role-cache.ts';

COMMENT ON COLUMN authz.user_role_cache.role_names IS 'of the roles that are granted and in force, in whatever scope';

COMMENT ON COLUMN authz.user_role_cache.permission_names IS 'what these roles and their ancestors allow';

COMMENT ON COLUMN authz.user_role_cache.resource_actions IS 'the same without what any of them denies';

COMMENT ON COLUMN authz.user_role_cache.cache_updated_at IS 'when the newest of the grants and roles that the row is made of was changed: it stays while the row does';

CREATE TABLE authz.user_role_cache_refresh (
    singleton boolean DEFAULT true NOT NULL,
    refreshed_at timestamp with time zone NOT NULL,
    CONSTRAINT user_role_cache_refresh_singleton_check CHECK (singleton)
);

COMMENT ON TABLE authz.user_role_cache_refresh IS 'local; rows live for ever; one row';

ALTER TABLE ONLY authz.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (xid, id);

ALTER TABLE ONLY authz.changes_swept
    ADD CONSTRAINT changes_swept_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY authz.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (peer, actor_id, key);

ALTER TABLE ONLY authz.invalidations
    ADD CONSTRAINT invalidations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authz.model_revision
    ADD CONSTRAINT model_revision_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY authz.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authz.permissions
    ADD CONSTRAINT permissions_name_key UNIQUE (name);

ALTER TABLE ONLY authz.permissions
    ADD CONSTRAINT permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authz.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY authz.role_exclusions
    ADD CONSTRAINT role_exclusions_pkey PRIMARY KEY (role_id, excluded_role_id);

ALTER TABLE ONLY authz.role_grants
    ADD CONSTRAINT role_grants_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY authz.role_grants
    ADD CONSTRAINT role_grants_user_role_scope_key UNIQUE (user_id, role_id, scope);

ALTER TABLE ONLY authz.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authz.role_permissions
    ADD CONSTRAINT role_permissions_role_permission_key UNIQUE (role_id, permission_id);

ALTER TABLE ONLY authz.roles
    ADD CONSTRAINT roles_id_level_key UNIQUE (id, level);

ALTER TABLE ONLY authz.roles
    ADD CONSTRAINT roles_name_key UNIQUE (name);

ALTER TABLE ONLY authz.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authz.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY authz.user_role_cache_refresh
    ADD CONSTRAINT user_role_cache_refresh_pkey PRIMARY KEY (singleton);

CREATE INDEX changes_changed_at ON authz.changes USING btree (changed_at, id);

CREATE INDEX idempotency_keys_created_at ON authz.idempotency_keys USING btree (created_at);

CREATE INDEX outbox_pending ON authz.outbox USING btree (id) WHERE (refused_at IS NULL);

CREATE INDEX role_exclusions_excluded ON authz.role_exclusions USING btree (excluded_role_id);

CREATE INDEX role_grants_by_role ON authz.role_grants USING btree (role_id, scope, user_id) INCLUDE (valid_until) WHERE (status = 'active'::text);

CREATE INDEX role_grants_role ON authz.role_grants USING btree (role_id, user_id, id);

CREATE INDEX role_permissions_permission ON authz.role_permissions USING btree (permission_id);

CREATE INDEX roles_parent ON authz.roles USING btree (parent_role_id, parent_level);

CREATE UNIQUE INDEX user_role_cache_user_id ON authz.user_role_cache USING btree (user_id);

ALTER TABLE ONLY authz.role_exclusions
    ADD CONSTRAINT role_exclusions_excluded_role_id_fkey FOREIGN KEY (excluded_role_id) REFERENCES authz.roles(id);

ALTER TABLE ONLY authz.role_exclusions
    ADD CONSTRAINT role_exclusions_role_id_fkey FOREIGN KEY (role_id) REFERENCES authz.roles(id);

ALTER TABLE ONLY authz.role_grants
    ADD CONSTRAINT role_grants_role_id_fkey FOREIGN KEY (role_id) REFERENCES authz.roles(id);

ALTER TABLE ONLY authz.role_permissions
    ADD CONSTRAINT role_permissions_permission_id_fkey FOREIGN KEY (permission_id) REFERENCES authz.permissions(id);

ALTER TABLE ONLY authz.role_permissions
    ADD CONSTRAINT role_permissions_role_id_fkey FOREIGN KEY (role_id) REFERENCES authz.roles(id);

ALTER TABLE ONLY authz.roles
    ADD CONSTRAINT roles_parent_fkey FOREIGN KEY (parent_role_id, parent_level) REFERENCES authz.roles(id, level);

GRANT USAGE ON SCHEMA authz TO gatehouse_authz;

REVOKE ALL ON FUNCTION authz.refresh_user_role_cache(max_age interval) FROM PUBLIC;
GRANT ALL ON FUNCTION authz.refresh_user_role_cache(max_age interval) TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.changes TO gatehouse_authz;

GRANT SELECT ON TABLE authz.changes_swept TO gatehouse_authz;

GRANT UPDATE(through_xid) ON TABLE authz.changes_swept TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.idempotency_keys TO gatehouse_authz;

GRANT UPDATE(response) ON TABLE authz.idempotency_keys TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.invalidations TO gatehouse_authz;

GRANT UPDATE(gone) ON TABLE authz.invalidations TO gatehouse_authz;

GRANT SELECT ON TABLE authz.model_revision TO gatehouse_authz;

GRANT UPDATE(revision) ON TABLE authz.model_revision TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.outbox TO gatehouse_authz;

GRANT UPDATE(attempts) ON TABLE authz.outbox TO gatehouse_authz;

GRANT UPDATE(refused_at) ON TABLE authz.outbox TO gatehouse_authz;

GRANT UPDATE(refused_reason) ON TABLE authz.outbox TO gatehouse_authz;

GRANT UPDATE(held_until) ON TABLE authz.outbox TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.permissions TO gatehouse_authz;

GRANT UPDATE(description) ON TABLE authz.permissions TO gatehouse_authz;

GRANT UPDATE(category) ON TABLE authz.permissions TO gatehouse_authz;

GRANT UPDATE(is_dangerous) ON TABLE authz.permissions TO gatehouse_authz;

GRANT UPDATE(condition) ON TABLE authz.permissions TO gatehouse_authz;

GRANT SELECT,INSERT ON TABLE authz.revisions TO gatehouse_authz;

GRANT UPDATE(revision) ON TABLE authz.revisions TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.role_exclusions TO gatehouse_authz;

GRANT UPDATE(reason) ON TABLE authz.role_exclusions TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(reason) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(valid_from) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(valid_until) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(status) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(condition) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(approved_by) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(approved_at) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(updated_by) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT UPDATE(updated_at) ON TABLE authz.role_grants TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.role_permissions TO gatehouse_authz;

GRANT SELECT,INSERT,DELETE ON TABLE authz.roles TO gatehouse_authz;

GRANT UPDATE(description) ON TABLE authz.roles TO gatehouse_authz;

GRANT UPDATE(parent_role_id) ON TABLE authz.roles TO gatehouse_authz;

GRANT UPDATE(level) ON TABLE authz.roles TO gatehouse_authz;

GRANT UPDATE(updated_at) ON TABLE authz.roles TO gatehouse_authz;

GRANT SELECT ON TABLE authz.schema_migrations TO gatehouse_authz;

GRANT SELECT ON TABLE authz.user_role_cache TO gatehouse_authz;

GRANT SELECT ON TABLE authz.user_role_cache_refresh TO gatehouse_authz;
