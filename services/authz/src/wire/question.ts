import type { CheckContext, Consistency } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { atLeastAsFresh, BOUNDED, type Demand, FULL, parseToken } from '../domain/consistency.ts';
import { type Asked, plainly } from '../domain/question.ts';

const NOTHING: Readonly<Record<string, unknown>> = {};

/** What a message asks. */
export function toAsked({
  userId,
  permission,
  resource,
  context,
}: {
  readonly userId: string;
  readonly permission: string;
  readonly resource: string;
  readonly context?: CheckContext | undefined;
}): Asked {
  if (!context) {
    return { ...plainly(userId, permission), resource };
  }
  const { ip, authenticationLevel, resourceAttributes = NOTHING, attributes = NOTHING } = context;
  return { userId, permission, resource, ip, authenticationLevel, resourceAttributes, attributes };
}

/**
 * How fresh the answer about a user must be. A requirement that is set to false is one that is not made. Throws Failure
 * `invalid` CONSISTENCY_TOKEN_INVALID.
 */
export function toDemands(consistency: Consistency | undefined): (userId: string) => Demand {
  const requirement = consistency?.requirement;
  switch (requirement?.$case) {
    case 'atLeastAsFresh':
      return atLeastAsFresh(requirement.value);
    case 'fullyConsistent':
      return requirement.value ? fully : bounded;
    default:
      return bounded;
  }
}

/**
 * The user whose grants a consistency token is about, and how fresh they must be; for one that is about none, or none at
 * all, `otherwise` stands in. Throws as `toDemands` does.
 */
export function toSubject(
  consistency: Consistency | undefined,
  otherwise: string,
): { readonly userId: string; readonly demand: Demand } {
  const requirement = consistency?.requirement;
  const token = requirement?.$case === 'atLeastAsFresh' ? parseToken(requirement.value) : undefined;
  const userId = token?.user?.id ?? otherwise;
  return { userId, demand: toDemands(consistency)(userId) };
}

const fully = () => FULL;
const bounded = () => BOUNDED;
