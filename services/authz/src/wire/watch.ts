import { WatchChangesResponse } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Encoded } from '@gatehouse/rpc';

/** The largest number of the field, which stands for everything above it as well. */
const UINT32_MAX = 0xffff_ffff;

type Event = NonNullable<WatchChangesResponse['event']>;

/** A change; without a user it is one of the model. */
interface Change {
  readonly userId: string | undefined;
  readonly revision: bigint;
  readonly changedAt: Date;
}

/** What has changed. */
export function toChanges(changes: readonly Change[]): Encoded {
  const messages = changes.map(({ userId = '', revision, changedAt }) => ({ userId, revision, changedAt }));
  return encode({ $case: 'changes', value: { changes: messages } });
}

/** The answer to a question. Part of a millisecond counts as a whole one: it never says fresher than it is. */
export function toAnswer(answer: {
  readonly question: bigint;
  readonly stalenessMs: number;
  readonly resumeToken: string;
  readonly databaseTimeMs: number;
}): Encoded {
  const { question, stalenessMs, resumeToken, databaseTimeMs } = answer;
  return encode({
    $case: 'answer',
    value: {
      question,
      stalenessMs: Math.min(UINT32_MAX, Math.max(0, Math.ceil(stalenessMs))),
      resumeToken,
      databaseTime: new Date(databaseTimeMs),
    },
  });
}

function encode(event: Event): Encoded {
  return Buffer.from(WatchChangesResponse.encode({ event }).finish());
}
