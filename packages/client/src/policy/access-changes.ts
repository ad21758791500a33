import type { Grant } from './grant.ts';
import { isPattern } from './held-permissions.ts';
import { ruleNames, rulesHeldOver } from './held-rules.ts';
import type { ModelRole, RoleClosure, Rule } from './model.ts';
import { commonName } from './permission-name.ts';
import { covers, scopesOver } from './scope.ts';
import { type Access, type AccessChangeKind, causeOf, type Holding, kindOf, standingOf } from './standing.ts';

/** A permission that a user holds otherwise than before, in a scope. */
export interface AccessChange {
  /** `resource:action`; one with `*` stands for the permissions under it that no role of the user names more narrowly. */
  readonly permission: string;
  readonly scope: string;
  readonly kind: AccessChangeKind;
  readonly before: Holding;
  readonly after: Holding;
  /** The roles from the one that is granted up to the one that makes the difference. */
  readonly through: readonly ModelRole[];
  /** Whether what makes the difference is a denial, which begins or ends. */
  readonly isDenial: boolean;
}

/**
 * What a user gains and loses, a list for each scope in which anything may: a step of work is then no longer than that. In a
 * scope below another one only what is not so there already. Grants that have ended by `nowMs` must have been left out.
 */
export function* accessChanges(before: Access, after: Access, nowMs: number): Generator<readonly AccessChange[]> {
  const changed = changedNames(before, after);
  if (changed.length === 0) return;
  const told = new Map<string, Map<string, string>>();
  const sides = { before: byScope(before.grants), after: byScope(after.grants) };
  for (const scope of scopesOf(before, after)) {
    const names = namesIn(scope, changed);
    if (names.size === 0) continue;
    const was = { model: before.model, grants: overScope(sides.before, scope) };
    const will = { model: after.model, grants: overScope(sides.after, scope) };
    const above = scopesOver(scope)
      .slice(0, -1)
      .flatMap((each) => told.get(each) ?? []);
    const here = new Map<string, string>();
    const found: AccessChange[] = [];
    for (const permission of probes(names, [was, will])) {
      const [old, now] = [standingOf(was, permission, nowMs), standingOf(will, permission, nowMs)];
      const key = old.key === now.key ? '' : `${old.key} > ${now.key}`;
      here.set(permission, key);
      const inherited = above.findLast((each) => each.has(permission))?.get(permission) ?? '';
      if (key === '' || key === inherited) continue;
      const kind = kindOf(old.holding, now.holding);
      const cause = causeOf(kind, permission, { access: was, ...old }, { access: will, ...now }, nowMs);
      found.push({ permission, scope, kind, before: old.holding, after: now.holding, ...cause });
    }
    told.set(scope, here);
    yield found;
  }
}

/** A grant, and the names under which what it gives is other than before. */
interface ChangedGrant {
  readonly scope: string;
  readonly names: readonly string[];
}

function changedNames(before: Access, after: Access): readonly ChangedGrant[] {
  const ofRole = new Map<string, readonly string[]>();
  const changedOf = (roleId: string) => {
    const known = ofRole.get(roleId) ?? differing(before.model.closure(roleId), after.model.closure(roleId));
    ofRole.set(roleId, known);
    return known;
  };
  const stays = new Set(after.grants.map(grantKey));
  const was = new Set(before.grants.map(grantKey));
  const gone = before.grants.filter((grant) => !stays.has(grantKey(grant)));
  const made = after.grants.filter((grant) => !was.has(grantKey(grant)));
  const kept = before.grants.filter((grant) => stays.has(grantKey(grant)));
  return [
    ...kept.map(({ scope, roleId }) => ({ scope, names: changedOf(roleId) })),
    ...gone.map(({ scope, roleId }) => ({ scope, names: [...ruleNames(before.model.closure(roleId))] })),
    ...made.map(({ scope, roleId }) => ({ scope, names: [...ruleNames(after.model.closure(roleId))] })),
  ].filter(({ names }) => names.length > 0);
}

function grantKey({ roleId, scope, validFromMs, validUntilMs, condition }: Grant): string {
  return JSON.stringify([roleId, scope, String(validFromMs), String(validUntilMs), condition?.source]);
}

/** The names under which two closures have other rules. */
function differing(one: RoleClosure | undefined, other: RoleClosure | undefined): readonly string[] {
  if (one === other) return [];
  const words = (closure: RoleClosure | undefined, name: string) =>
    [...rulesHeldOver(closure, name, true)].map(ruleKey).sort().join(' ');
  return [...new Set([...ruleNames(one), ...ruleNames(other)])].filter(
    (name) => words(one, name) !== words(other, name),
  );
}

function ruleKey({ effect, condition }: Rule): string {
  return JSON.stringify([effect, condition?.source]);
}

function byScope(grants: readonly Grant[]): ReadonlyMap<string, readonly Grant[]> {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const group = groups.get(grant.scope);
    if (group) group.push(grant);
    else groups.set(grant.scope, [grant]);
  }
  return groups;
}

function overScope(grants: ReadonlyMap<string, readonly Grant[]>, scope: string): readonly Grant[] {
  return scopesOver(scope).flatMap((each) => grants.get(each) ?? []);
}

/** A path comes before those that it begins. */
function scopesOf(before: Access, after: Access): readonly string[] {
  return [...new Set([...before.grants, ...after.grants].map(({ scope }) => scope))].sort();
}

function namesIn(scope: string, changed: readonly ChangedGrant[]): ReadonlySet<string> {
  return new Set(changed.filter((grant) => covers(grant.scope, scope)).flatMap(({ names }) => names));
}

/** The names themselves and, where one stands for many, those under it that the user's roles name more narrowly. */
function probes(names: ReadonlySet<string>, sides: readonly Access[]): readonly string[] {
  const all = new Set(names);
  const patterns = [...names].filter(isPattern);
  if (patterns.length > 0) {
    for (const { model, grants } of sides) {
      for (const roleId of new Set(grants.map((grant) => grant.roleId))) {
        for (const held of ruleNames(model.closure(roleId))) {
          for (const pattern of patterns) {
            const common = commonName(held, pattern);
            if (common !== undefined) all.add(common);
          }
        }
      }
    }
  }
  return [...all].sort();
}
