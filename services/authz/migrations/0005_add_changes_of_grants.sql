-- Who changed a grant last, and when; null: nobody has. Whoever did may not approve it.
alter table authz.role_grants
  add column updated_by uuid,
  add column updated_at timestamptz;
