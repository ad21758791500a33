import {
  type CheckRequest,
  CheckResponse,
  type Consistency,
  Decision,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Call, Encoded, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { atLeastAsFresh, BOUNDED, type Demand, FULL } from '../domain/consistency.ts';
import type { Question } from '../store/decisions.ts';

/** Tells whether a user holds a permission: at once when this instance's memory is enough. */
export function check({ decisions, events }: Pick<Deps, 'decisions' | 'events'>): Handler<CheckRequest, CheckResponse> {
  const reply = (call: Call, { userId, permission }: Question, isAllowed: boolean): Encoded => {
    events.permissionChecked(call, userId, permission, isAllowed);
    return isAllowed ? ALLOWED : DENIED;
  };
  return ({ userId, permission, consistency }, call) => {
    const question = { userId, permission, demand: toDemand(consistency, userId) };
    const known = decisions.peek(question);
    if (known !== undefined) return reply(call, question, known);
    return decisions.decide(question, call.signal).then((isAllowed) => reply(call, question, isAllowed));
  };
}

const ALLOWED = encoded(Decision.DECISION_ALLOWED);
const DENIED = encoded(Decision.DECISION_DENIED);

function encoded(decision: Decision): Encoded {
  return Buffer.from(CheckResponse.encode({ decision }).finish());
}

/** A requirement that is set to false is one that is not made. */
function toDemand(consistency: Consistency | undefined, userId: string): Demand {
  const requirement = consistency?.requirement;
  switch (requirement?.$case) {
    case 'atLeastAsFresh':
      return atLeastAsFresh(requirement.value, userId);
    case 'fullyConsistent':
      return requirement.value ? FULL : BOUNDED;
    default:
      return BOUNDED;
  }
}
