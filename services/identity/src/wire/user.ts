import type { User as UserMessage } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import type { User } from '../domain/user.ts';

/** A user as callers see it. It names each field, so that no credential is ever told by accident. */
export function toMessage({ id, email, username, emailVerified, isActive, createdAt }: User): UserMessage {
  return { userId: id, email, username: username ?? '', emailVerified, isActive, createdAt };
}
