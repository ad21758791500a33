-- Keys that sign access tokens. The private half is sealed with AES-256-GCM under a key of the configuration.
create table session.signing_keys (
  kid varchar(64) primary key,
  algorithm varchar(16) not null,
  public_jwk jsonb not null,
  private_key_sealed bytea not null,
  created_at timestamptz not null,
  activates_at timestamptz not null,
  retires_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_reason varchar(200),
  check ((retires_at is null) = (expires_at is null)),
  check (expires_at is null or expires_at >= retires_at)
);
comment on table session.signing_keys is 'reference; rows leave by rotate-signing-keys after the last token that they signed has ended';
