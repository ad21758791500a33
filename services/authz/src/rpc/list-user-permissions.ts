import {
  heldPermissions,
  type PermissionPosition,
  positionOf,
  presentStanding,
  type QuestionMeter,
  type UserPermission,
} from '@gatehouse/client/policy';
import type {
  ListUserPermissionsRequest,
  ListUserPermissionsResponse,
  UserPermission as UserPermissionMessage,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { openMeter } from '../store/steps.ts';
import { toAsked, toDemands } from '../wire/question.ts';
import { toUserPermission } from '../wire/user-permission.ts';

const PAGE_SIZE_DEFAULT = 100;
/** A position: scope, role, how far above it, and name. */
const POSITION = [/^.{0,512}$/, /^[0-9a-f-]{36}$/, /^\d{1,2}$/, /^[^:]{1,128}:[^:]{1,128}$/];

/** Lists what a user's grants hold for a resource. */
export function listUserPermissions({
  decisions,
  databaseClock,
}: Pick<Deps, 'decisions' | 'databaseClock'>): Handler<ListUserPermissionsRequest, ListUserPermissionsResponse> {
  return async (request, call) => {
    const { userId, resource, consistency, pageToken } = request;
    const pages = pageTokens(['ListUserPermissions', userId, resource], POSITION);
    const after = toPosition(pages.parse(pageToken));
    const { model, held } = await decisions.standing(userId, toDemands(consistency)(userId), call.signal);
    const question = { ...toAsked({ ...request, permission: '' }), nowMs: databaseClock.nowMs() };
    const size = request.pageSize || PAGE_SIZE_DEFAULT;
    const steps = { steps: 0 };
    /** By the names that are asked about: conditions come out the same wherever one is held. */
    const meters = new Map<string, QuestionMeter>();
    const permissions: UserPermissionMessage[] = [];
    let last: UserPermission | undefined;
    let goesOn = false;
    for (const each of heldPermissions(model, held.grants, question, after)) {
      goesOn = permissions.length === size;
      if (goesOn) break;
      const meter = meters.get(each.held.name) ?? openMeter().next(steps);
      meters.set(each.held.name, meter);
      const work = () => presentStanding(each, model, held.grants, question, meter);
      permissions.push(toUserPermission(each, work() ?? (await meter.finish(work, call.signal))));
      last = each;
    }
    return { permissions, nextPageToken: goesOn && last ? pages.format(toParts(positionOf(last))) : '' };
  };
}

function toParts({ scope, roleId, above, name }: PermissionPosition): string[] {
  return [scope, roleId, String(above), name];
}

function toPosition(parts: readonly string[] | undefined): PermissionPosition | undefined {
  if (!parts) return undefined;
  const [scope = '', roleId = '', above = '', name = ''] = parts;
  return { scope, roleId, above: Number(above), name };
}
