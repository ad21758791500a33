-- What the service may do, table by table. What is not named here is refused.
grant usage on schema identity to gatehouse_identity;

grant select, insert                              on identity.users             to gatehouse_identity;
grant update (password_hash, failed_login_attempts, last_login_at, last_login_ip)
                                                  on identity.users             to gatehouse_identity;

-- A lookup is written once, with its user, and never pointed at another.
grant select, insert                              on identity.email_lookup      to gatehouse_identity;
grant select, insert                              on identity.username_lookup   to gatehouse_identity;

grant insert                                      on identity.password_history  to gatehouse_identity;

grant select, insert, delete                      on identity.outbox            to gatehouse_identity;
grant update (attempts, refused_at, refused_reason, held_until)
                                                  on identity.outbox            to gatehouse_identity;
grant select, insert, delete on identity.idempotency_keys to gatehouse_identity;
grant update (response) on identity.idempotency_keys to gatehouse_identity;
