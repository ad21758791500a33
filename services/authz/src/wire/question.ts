import type { CheckContext, Consistency } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Demand, demandsOf, type Requirement } from '../domain/consistency.ts';
import type { Asked, Question } from '../domain/question.ts';
import { toPermissionName, toScope } from './names.ts';

/** What the messages that ask about a user have in common. */
interface Item {
  readonly userId: string;
  readonly permission: string;
  readonly resource: string;
  readonly context?: CheckContext | undefined;
}

const NOTHING: Readonly<Record<string, unknown>> = {};
const NO_CONTEXT: CheckContext = { ip: '', authenticationLevel: 0, resourceAttributes: NOTHING, attributes: NOTHING };

/** What a message asks. Throws Failure `invalid` FIELD_INVALID. */
export function toAsked({ userId, context = NO_CONTEXT, ...item }: Item): Asked {
  const { ip, authenticationLevel, resourceAttributes = NOTHING, attributes = NOTHING } = context;
  const permission = toPermissionName(item.permission);
  const resource = toScope(item.resource, 'resource');
  return { userId, permission, resource, ip, authenticationLevel, resourceAttributes, attributes };
}

/**
 * What a message asks at a time, from data as fresh as demanded. Made in one piece, because one is made for every check.
 * Throws Failure `invalid` FIELD_INVALID.
 */
export function toQuestion(
  { userId, permission: name, resource: path, context = NO_CONTEXT }: Item,
  demand: Demand,
  nowMs: number,
): Question {
  const { ip, authenticationLevel, resourceAttributes = NOTHING, attributes = NOTHING } = context;
  const permission = toPermissionName(name);
  const resource = toScope(path, 'resource');
  return { userId, permission, resource, ip, authenticationLevel, resourceAttributes, attributes, demand, nowMs };
}

/** How fresh the answer must be. A requirement that is set to false is one that is not made. */
export function toRequirement(consistency: Consistency | undefined): Requirement {
  const requirement = consistency?.requirement;
  switch (requirement?.$case) {
    case 'atLeastAsFresh':
      return { atLeastAsFresh: requirement.value };
    case 'fullyConsistent':
      return requirement.value ? 'fully_consistent' : 'minimize_latency';
    default:
      return 'minimize_latency';
  }
}

/** How fresh the answer about a user must be. Throws Failure `invalid` CONSISTENCY_TOKEN_INVALID. */
export function toDemands(consistency: Consistency | undefined): (userId: string) => Demand {
  return demandsOf(toRequirement(consistency));
}
