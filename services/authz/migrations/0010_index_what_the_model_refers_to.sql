-- gatehouse:no-transaction
-- What refers to a permission or a role, so that deleting or moving many of them does not read all of it for each.
drop index concurrently if exists authz.role_permissions_permission;
create index concurrently role_permissions_permission on authz.role_permissions (permission_id);
drop index concurrently if exists authz.roles_parent;
create index concurrently roles_parent on authz.roles (parent_role_id, parent_level);
drop index concurrently if exists authz.role_exclusions_excluded;
create index concurrently role_exclusions_excluded on authz.role_exclusions (excluded_role_id);
