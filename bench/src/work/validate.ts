import {
  type Freshness,
  ValidateSessionRequest,
  ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Question } from './prove.ts';
import type { KnownSession } from './sessions.ts';

/** Asks whether each session is good. Right is the answer that names the token's own session. */
export function validations(sessions: readonly KnownSession[], freshness: Freshness): Question[] {
  return sessions.map(({ token, sessionId, userId }) => ({
    request: ValidateSessionRequest.encode({ sessionToken: token, freshness, consistencyToken: '' }).finish(),
    judge: (answer) => {
      const { session } = ValidateSessionResponse.decode(answer);
      if (session?.sessionId === sessionId && session.userId === userId) return;
      throw new Error(`The token of session ${sessionId} was taken for ${session?.sessionId ?? 'none'}.`);
    },
  }));
}
