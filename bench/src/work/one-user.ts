import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { KnownCheck } from './checks.ts';
import { TEAMS } from './permissions.ts';

/**
 * For each user of these checks, as many checks of that user as `size` says: whether this document of that team may be
 * read, or written. What is right follows from the user's roles, by the rule that `permissions.ts` makes the model by.
 */
export function checksOfOneUser(known: readonly KnownCheck[], size: number): KnownCheck[] {
  const users = new Map(known.map(({ userId, roles }) => [userId, roles]));
  return [...users].flatMap(([userId, roles]) =>
    Array.from({ length: size }, (_, index) => {
      const team = index % TEAMS;
      const action = Math.floor(index / TEAMS) % 2 === 0 ? 'read' : 'write';
      const isAllowed = roles.includes(`editor-${team}`) || (action === 'read' && roles.includes(`viewer-${team}`));
      return {
        userId,
        roles,
        permission: `documents-${team}:${action}`,
        resource: `document/${index}`,
        expected: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED,
      };
    }),
  );
}
