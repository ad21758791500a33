import type { Grant } from './grant.ts';
import { rulesHeldOver } from './held-rules.ts';
import { type Effect, lineage, type Model, type ModelRole, matches } from './model.ts';

/** How far a permission is held: never, under a condition or for a time, or always. */
export type Holding = 'none' | 'limited' | 'full';

/** What a user has: grants, and the model by which they are judged. */
export interface Access {
  readonly model: Model;
  readonly grants: readonly Grant[];
}

/** `alters`: as far as before, but under other conditions or for other times. */
export type AccessChangeKind = 'gains' | 'loses' | 'alters';

export function kindOf(before: Holding, after: Holding): AccessChangeKind {
  const order = RANK[after] - RANK[before];
  return order > 0 ? 'gains' : order < 0 ? 'loses' : 'alters';
}

/** How far a permission is held in a scope, by grants that all cover it, and all that this depends on. */
export interface PermissionStanding {
  readonly holding: Holding;
  readonly key: string;
  readonly allows: ReadonlySet<string>;
  readonly denies: ReadonlySet<string>;
}

const RANK = { none: 0, limited: 1, full: 2 } as const satisfies Record<Holding, number>;
/** What is always so. */
const ALWAYS = '';

/** By grants that all cover the scope in question. */
export function standingOf({ model, grants }: Access, permission: string, nowMs: number): PermissionStanding {
  const [allows, denies] = [new Set<string>(), new Set<string>()];
  for (const grant of grants) {
    for (const rule of rulesHeldOver(model.closure(grant.roleId), permission)) {
      (rule.effect === 'allow' ? allows : denies).add(termsOf(grant, rule, nowMs));
    }
  }
  const key = () => JSON.stringify([allows.has(ALWAYS) ? [ALWAYS] : [...allows].sort(), [...denies].sort()]);
  // What allows for the time and under the conditions of a denial allows never.
  const isNone = denies.has(ALWAYS) || [...allows].every((terms) => denies.has(terms));
  if (isNone) return { holding: 'none', key: 'none', allows, denies };
  if (allows.has(ALWAYS) && denies.size === 0) return { holding: 'full', key: 'full', allows, denies };
  return { holding: 'limited', key: key(), allows, denies };
}

/** When and under what conditions a rule of a grant counts. */
function termsOf(
  { validFromMs, validUntilMs, condition }: Grant,
  rule: { readonly condition: { readonly source: string } | undefined },
  nowMs: number,
): string {
  const from = validFromMs <= nowMs ? undefined : validFromMs;
  const until = Number.isFinite(validUntilMs) ? validUntilMs : undefined;
  const sources = [...new Set([condition?.source ?? '', rule.condition?.source ?? ''])]
    .filter((each) => each !== '')
    .sort();
  if (from === undefined && until === undefined && sources.length === 0) return ALWAYS;
  return JSON.stringify([from ?? null, until ?? null, sources]);
}

type Side = PermissionStanding & { readonly access: Access };

/** The way to the first rule that one side has and the other has not. */
export function causeOf(
  kind: AccessChangeKind,
  permission: string,
  before: Side,
  after: Side,
  nowMs: number,
): { readonly through: readonly ModelRole[]; readonly isDenial: boolean } {
  const only = (side: Side, other: Side, effect: Effect) => {
    const known = effect === 'allow' ? other.allows : other.denies;
    return wayTo(side.access, permission, effect, known, nowMs);
  };
  const begins = { allow: () => only(after, before, 'allow'), deny: () => only(after, before, 'deny') };
  const ends = { allow: () => only(before, after, 'allow'), deny: () => only(before, after, 'deny') };
  const looks =
    kind === 'gains'
      ? [begins.allow, ends.deny]
      : kind === 'loses'
        ? [ends.allow, begins.deny]
        : [begins.allow, ends.allow, begins.deny, ends.deny];
  for (const look of looks) {
    const through = look();
    if (through) return { through, isDenial: look === begins.deny || look === ends.deny };
  }
  return { through: [], isDenial: false };
}

function wayTo(
  { model, grants }: Access,
  permission: string,
  effect: Effect,
  known: ReadonlySet<string>,
  nowMs: number,
): readonly ModelRole[] | undefined {
  for (const grant of grants) {
    const through: ModelRole[] = [];
    for (const role of lineage(model, grant.roleId)) {
      through.push(role);
      const isHere = role.permissions.some(
        (held) => held.effect === effect && matches(held.name, permission) && !known.has(termsOf(grant, held, nowMs)),
      );
      if (isHere) return through;
    }
  }
  return undefined;
}
