-- What the authz service's role may do, table by table. It owns nothing and can alter nothing.
grant usage on schema authz to gatehouse_authz;
grant select on authz.schema_migrations to gatehouse_authz;
grant select, insert, delete on authz.permissions to gatehouse_authz;
grant update (description, category, is_dangerous, condition) on authz.permissions to gatehouse_authz;
grant select, insert, delete on authz.roles to gatehouse_authz;
grant update (description, parent_role_id, level, updated_at) on authz.roles to gatehouse_authz;
grant select, insert, delete on authz.role_permissions to gatehouse_authz;
grant select, insert, delete on authz.role_exclusions to gatehouse_authz;
grant update (reason) on authz.role_exclusions to gatehouse_authz;
grant select, update (revision) on authz.model_revision to gatehouse_authz;
grant select, insert, delete on authz.role_grants to gatehouse_authz;
grant update (reason, valid_from, valid_until, condition, status, approved_by, approved_at, updated_by, updated_at)
  on authz.role_grants to gatehouse_authz;
grant select, insert, update (revision) on authz.revisions to gatehouse_authz;
grant select, insert, delete on authz.invalidations to gatehouse_authz;
grant update (gone) on authz.invalidations to gatehouse_authz; -- for update skip locked asks for the right to update a column
grant select, insert, delete on authz.changes to gatehouse_authz;
grant select, update (through_xid) on authz.changes_swept to gatehouse_authz;
grant select, insert, delete on authz.outbox to gatehouse_authz;
grant update (attempts, refused_at, refused_reason, held_until) on authz.outbox to gatehouse_authz;
grant select, insert, delete on authz.idempotency_keys to gatehouse_authz;
grant update (response) on authz.idempotency_keys to gatehouse_authz;
grant select on authz.user_role_cache to gatehouse_authz;
grant select on authz.user_role_cache_refresh to gatehouse_authz;
grant execute on function authz.refresh_user_role_cache(interval) to gatehouse_authz;
