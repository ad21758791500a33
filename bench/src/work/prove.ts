import { ask } from '../load/ask.ts';
import { toFrame } from '../load/grpc-frame.ts';
import type { Exchange } from '../load/pump.ts';
import type { Target } from '../load/target.ts';

/** A message to send, and what has to be true of the message that comes back. */
export interface Question {
  readonly request: Uint8Array;
  /** Throws when the answer is not the right one. */
  readonly judge: (answer: Buffer) => void;
  /** So many bytes at the end of the answer are other ones each time; absent: none. */
  readonly varyingBytes?: number;
}

/**
 * Asks every question once and judges what comes back. The bytes that were found right are what each later answer is held
 * against, which costs a load next to nothing and lets no wrong answer through.
 */
export async function prove(target: Target, questions: readonly Question[], signal: AbortSignal): Promise<Exchange[]> {
  const requests = questions.map(({ request }) => toFrame(request));
  const answers = await ask(target, requests, signal);
  return questions.map(({ judge, varyingBytes = 0 }, index) => {
    const request = requests[index];
    const answer = answers[index];
    if (!request || !answer) throw new Error(`${target.path} left a question without an answer.`);
    judge(answer);
    return { request, answer: toFrame(answer), varyingBytes };
  });
}
