import type { Effect as HeldEffect, Model, ModelRole } from '@gatehouse/client/policy';
import { Effect } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { ReadModelResponse, type ReadRole } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Encoded } from '@gatehouse/rpc';

/** Most roles, and most permissions, of one part of the model. */
export const PART_MAX = 500;

const EFFECTS: Readonly<Record<HeldEffect, Effect>> = { allow: Effect.EFFECT_ALLOW, deny: Effect.EFFECT_DENY };
const encoded = new WeakMap<Model, readonly Encoded[]>();

/** The parts of a model, encoded once for all who read it. */
export function toModelParts(model: Model): readonly Encoded[] {
  const known = encoded.get(model);
  if (known) return known;
  const parts = encodeParts(model);
  encoded.set(model, parts);
  return parts;
}

function encodeParts({ revision, roles }: Model): Encoded[] {
  const parts: Encoded[] = [];
  let part: ReadRole[] = [];
  let permissions = 0;
  const close = (isComplete: boolean) => {
    parts.push(Buffer.from(ReadModelResponse.encode({ revision, roles: part, isComplete }).finish()));
    part = [];
    permissions = 0;
  };
  for (const piece of pieces(roles.values())) {
    if (part.length === PART_MAX || permissions + piece.permissions.length > PART_MAX) close(false);
    part.push(piece);
    permissions += piece.permissions.length;
  }
  close(true);
  return parts;
}

/** The roles, one with many permissions in several pieces. */
function* pieces(roles: Iterable<ModelRole>): Generator<ReadRole> {
  for (const { id, name, parentId = '', permissions } of roles) {
    for (let from = 0; from === 0 || from < permissions.length; from += PART_MAX) {
      const held = permissions.slice(from, from + PART_MAX);
      yield {
        roleId: id,
        name,
        parentRoleId: parentId,
        permissions: held.map((each) => ({
          name: each.name,
          effect: EFFECTS[each.effect],
          condition: each.condition?.source ?? '',
        })),
      };
    }
  }
}
