-- gatehouse:no-transaction
-- What has changed lately, oldest first: it is told once more to a Redis that may have lost it.
drop index concurrently if exists authz.changes_changed_at;
create index concurrently changes_changed_at on authz.changes (changed_at, id);
