-- gatehouse:no-transaction
-- Who has a role in a scope, in the order of users: for LookupUsers. An index that was cut short is invalid and made again.
drop index concurrently if exists authz.role_grants_by_role;
create index concurrently role_grants_by_role on authz.role_grants (role_id, scope, user_id) include (valid_until)
  where status = 'active';
