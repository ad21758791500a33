import { randomUUID } from 'node:crypto';
import type { ClientCallContext } from '@gatehouse/rpc';
import { ALWAYS, type Fixture } from '../fixture.ts';

/** A user of whom is known what was changed and when. Times are of performance.now(). */
export interface Known {
  readonly userId: string;
  readonly permission: string;
  /** What the user may, the newest first. */
  readonly states: State[];
  /** Of the last change that was acknowledged; empty before the first. */
  token: string;
  /** Lets the user do what `permission` names, or keeps the user from it; resolves to the token. */
  change(writer: Fixture, isAllowed: boolean, context: ClientCallContext): Promise<string>;
}

export interface State {
  readonly isAllowed: boolean;
  /** When the change that ended it was acknowledged; Infinity before that. */
  untilMs: number;
}

const USERS = 30;
const PERMISSION = 'faults:read';

/** Users to whom one role is granted, and from whom it is revoked. Half of them have it. */
export async function grantedUsers(fixture: Fixture): Promise<Known[]> {
  const roleId = await fixture.role({ permissions: [PERMISSION] });
  const making = Array.from({ length: USERS }, async (_, index): Promise<Known> => {
    const userId = randomUUID();
    const isAllowed = index % 2 === 0;
    const token = isAllowed ? await fixture.grant(userId, roleId) : '';
    return {
      ...known(userId, PERMISSION, isAllowed, token),
      change: async ({ operator }, isAllowed, context) => {
        const { consistencyToken } = isAllowed
          ? await operator.grantRole({ userId, roleId, reason: '', ...ALWAYS }, context)
          : await operator.revokeRole({ userId, roleId, reason: '', scope: '' }, context);
        return consistencyToken;
      },
    };
  });
  return Promise.all(making);
}

/** A user whose one role holds a permission and does not, in turns: a change of the model. */
export async function userOfChangingRole(fixture: Fixture): Promise<Known> {
  const permission = 'faults:write';
  // With the permission once, so that it exists.
  await fixture.role({ permissions: [permission] });
  const [userId, roleId] = [randomUUID(), await fixture.role()];
  const token = await fixture.grant(userId, roleId);
  return {
    ...known(userId, permission, false, token),
    change: async ({ model }, isAllowed, context) => {
      const { consistencyToken } = await model.updateRole(
        {
          roleId,
          addPermissions: isAllowed ? [permission] : [],
          removePermissions: isAllowed ? [] : [permission],
          addDeniedPermissions: [],
          denialConditions: [],
          removeDeniedPermissions: [],
        },
        context,
      );
      return consistencyToken;
    },
  };
}

function known(userId: string, permission: string, isAllowed: boolean, token: string): Omit<Known, 'change'> {
  return { userId, permission, token, states: [{ isAllowed, untilMs: Number.POSITIVE_INFINITY }] };
}
