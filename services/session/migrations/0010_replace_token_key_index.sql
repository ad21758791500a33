-- gatehouse:no-transaction
-- Which keys live sessions need is asked by key alone, so the indices hold only what that question can use: with the index
-- of before, Postgres took it for finding the sessions of one user while the table had no statistics, and read all of it.
drop index concurrently if exists session.sessions_by_token_key;
create index concurrently sessions_by_token_key on session.sessions (token_key_id, expires_at)
  where revoked_at is null and token_key_id is not null;
drop index concurrently if exists session.sessions_without_token_key;
create index concurrently sessions_without_token_key on session.sessions (expires_at)
  where revoked_at is null and token_key_id is null;
