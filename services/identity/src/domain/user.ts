/** A user, without credentials. */
export interface User {
  /** UUIDv7. */
  readonly id: string;
  /** In lower case. */
  readonly email: string;
  /** As the user wrote it; undefined: none. */
  readonly username: string | undefined;
  readonly emailVerified: boolean;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

/** What a new account is made of. */
export interface Registration {
  readonly email: string;
  /** Empty: none. */
  readonly username: string;
}

/** A user who has just registered: active, with an address that nothing proves yet. */
export function newUser(id: string, { email, username }: Registration, now: Date): User {
  return {
    id,
    email: email.toLowerCase(),
    username: username === '' ? undefined : username,
    emailVerified: false,
    isActive: true,
    createdAt: now,
  };
}
