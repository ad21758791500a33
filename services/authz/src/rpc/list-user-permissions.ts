import { heldPermissions, type PermissionPosition, positionOf, type UserPermission } from '@gatehouse/client/policy';
import type {
  ListUserPermissionsRequest,
  ListUserPermissionsResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
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
    const page: UserPermission[] = [];
    let goesOn = false;
    for (const each of heldPermissions(model, held.grants, question, after)) {
      goesOn = page.length === size;
      if (goesOn) break;
      page.push(each);
    }
    const last = goesOn ? page.at(-1) : undefined;
    return {
      permissions: page.map((each) => toUserPermission(each, model, held.grants, question)),
      nextPageToken: last ? pages.format(toParts(positionOf(last))) : '',
    };
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
