import {
  BatchValidateSessionsRequest,
  BatchValidateSessionsResponse,
  Freshness,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Question } from './prove.ts';
import type { KnownSession } from './sessions.ts';

/** Tokens in one request. */
export const BATCH = 100;

/** Asks about 100 sessions at once. Right is the answer that names each token's own session, in their order. */
export function batches(sessions: readonly KnownSession[]): Question[] {
  return Array.from({ length: Math.floor(sessions.length / BATCH) }, (_, index) => {
    const asked = sessions.slice(index * BATCH, (index + 1) * BATCH);
    return {
      request: BatchValidateSessionsRequest.encode({
        sessionTokens: asked.map(({ token }) => token),
        freshness: Freshness.FRESHNESS_BOUNDED,
        consistencyToken: '',
      }).finish(),
      judge: (answer) => {
        const { results } = BatchValidateSessionsResponse.decode(answer);
        for (const [place, { sessionId }] of asked.entries()) {
          const result = results[place]?.result;
          if (result?.$case === 'session' && result.value.sessionId === sessionId) continue;
          throw new Error(`Place ${place} of a batch is not the session ${sessionId}.`);
        }
        if (results.length !== asked.length) throw new Error(`A batch has ${results.length} results.`);
      },
    };
  });
}
