-- Types and actions may be written in large letters too, and hold any character percent-encoded. What was allowed still is.
alter table authz.permissions
  drop constraint permissions_resource_check,
  add constraint permissions_resource_check check (resource ~ '^(\*|[A-Za-z0-9_.~%-]{1,128})$'),
  drop constraint permissions_action_check,
  add constraint permissions_action_check check (action ~ '^(\*|[A-Za-z0-9_.~%-]{1,128})$');
