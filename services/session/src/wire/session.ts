import {
  type Session as SessionMessage,
  ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Session } from '../domain/session.ts';

/** A session as callers see it. */
export function toMessage(session: Session): SessionMessage {
  return {
    sessionId: session.id,
    userId: session.userId,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    authenticationMethods: [...session.authenticationMethods],
    origin: { ...session.origin },
  };
}

/** The answer to a validation of the session, encoded once and kept by the caches. */
export function toReply(session: Session): Buffer {
  return Buffer.from(ValidateSessionResponse.encode({ session: toMessage(session) }).finish());
}

/** Reads back what `toReply` made. */
export function fromReply(reply: Buffer): SessionMessage {
  const { session } = ValidateSessionResponse.decode(reply);
  if (!session) throw new Error('A cached reply holds no session.');
  return session;
}
