-- Until when a relay that delivers a message keeps it from the others. It is no lock: it ends although the relay stands still.
alter table authz.outbox add column held_until timestamptz;
