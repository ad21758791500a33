import { Effect } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import {
  type ReadModelResponse,
  type ReadRole,
  WatchServiceService as rpcs,
} from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Channel } from '../channel/open-channel.ts';
import { compileModel, type HeldPermission, type ModelRole, problemOf, storedCondition } from '../policy/index.ts';
import type { KnownModel } from './model-copy.ts';
import { responseInvalid } from './response-invalid.ts';

/** How long it may take to read all of it. Milliseconds. */
const TIMEOUT_MS = 30_000;

type Draft = Omit<ModelRole, 'permissions'> & { readonly permissions: HeldPermission[] };

/** Reads the whole model. Rejects with GatehouseError, also when it is not whole. */
export async function readModel(channel: Channel): Promise<KnownModel> {
  const drafts = new Map<string, Draft>();
  let last: ReadModelResponse | undefined;
  await channel.read(
    rpcs.readModel,
    {},
    (part) => {
      last = part;
      for (const role of part.roles) add(drafts, role);
    },
    { timeoutMs: TIMEOUT_MS },
  );
  if (!last?.isComplete) throw responseInvalid();
  const roles = [...drafts.values()];
  return {
    model: compileModel(last.revision, roles),
    isReadable: roles.every(({ permissions }) =>
      permissions.every(({ condition }) => problemOf(condition) === undefined),
    ),
  };
}

/** A role with many permissions comes in several pieces. */
function add(drafts: Map<string, Draft>, { roleId, name, parentRoleId, permissions }: ReadRole): void {
  const draft: Draft = drafts.get(roleId) ?? { id: roleId, name, parentId: parentRoleId || undefined, permissions: [] };
  drafts.set(roleId, draft);
  for (const held of permissions) {
    draft.permissions.push({
      name: held.name,
      // What is not known to allow denies.
      effect: held.effect === Effect.EFFECT_ALLOW ? 'allow' : 'deny',
      condition: storedCondition(held.condition),
    });
  }
}
