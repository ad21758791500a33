-- gatehouse:no-transaction
-- Whether any session that may be used needs a certain key: asked at each start of an instance.
drop index concurrently if exists session.sessions_by_token_key;
create index concurrently sessions_by_token_key on session.sessions (token_key_id, expires_at) where revoked_at is null;
