-- What a role denies may be denied under a condition, in CEL. Empty: always, whatever the condition of the permission, which
-- limits only what is allowed. A role that denied a permission with a condition before denies it always from now on.
alter table authz.role_permissions
  add column condition text not null default '',
  add constraint role_permissions_condition_check
    check (length(condition) <= 1024 and (effect = 'deny' or condition = ''));
