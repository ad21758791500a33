-- Which key of the ring vouches for the token of a session; none for tokens without a MAC, which are issued until every
-- instance knows those with one. It says which keys live sessions need, before one is taken from the ring.
alter table session.sessions
  add column token_key_id smallint constraint sessions_token_key_id_check check (token_key_id between 1 and 255);
