-- gatehouse:no-transaction
-- The grants of one role, in the order in which they are listed.
drop index concurrently if exists authz.role_grants_role;
create index concurrently role_grants_role on authz.role_grants (role_id, user_id, id);
