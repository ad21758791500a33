-- The sessions of a user that have neither expired nor been revoked: to count them at each sign-in, to list them and to
-- end them all, however many that have ended are still kept. Noting the use of a session does not change it.
create index sessions_active on session.sessions (user_id, expires_at) where revoked_at is null;
