import { isFailure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import type { Journey } from './world.ts';

/** The mesh did not do what the flow expects of it. */
export class FlowError extends Error {
  override readonly name = 'FlowError';
}

/** A step that can't be taken on this machine, and why. */
export class StepSkipped extends Error {
  override readonly name = 'StepSkipped';
}

/** Throws a FlowError unless the condition holds. */
export function ensure(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new FlowError(sentence);
}

/** The reason of the Failure that a call ends with; throws when it succeeds, or fails in another way. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (isFailure(error)) return error.reason;
    throw error;
  }
  throw new FlowError('A call succeeded that should have been refused.');
}

/** A request id for a call, whose audit events are expected from now on. `user` stands for the journey's user. */
export function expecting(journey: Journey, actor: string, ...eventTypes: string[]): { requestId: string } {
  const requestId = uuidv7();
  for (const eventType of eventTypes) journey.expected.push({ requestId, eventType, actor });
  return { requestId };
}
