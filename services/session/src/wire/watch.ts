import { WatchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Encoded } from '@gatehouse/rpc';

/** The largest number of the field, which stands for everything above it as well. */
const UINT32_MAX = 0xffff_ffff;

type Event = NonNullable<WatchSessionsResponse['event']>;

/** Sessions that have changed or ended. */
export function toChanges(sessionIds: readonly string[]): Encoded {
  return encode({ $case: 'changes', value: { sessionIds: [...sessionIds] } });
}

/** The answer to a question. Part of a millisecond counts as a whole one: it never says fresher than it is. */
export function toAnswer(question: bigint, stalenessMs: number): Encoded {
  return encode({
    $case: 'answer',
    value: { question, stalenessMs: Math.min(UINT32_MAX, Math.max(0, Math.ceil(stalenessMs))) },
  });
}

/** Whatever was known before is to be forgotten. */
export function toReset(): Encoded {
  return encode({ $case: 'reset', value: {} });
}

function encode(event: Event): Encoded {
  return Buffer.from(WatchSessionsResponse.encode({ event }).finish());
}
