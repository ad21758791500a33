import type { RoleClosure, Rule } from './model.ts';
import { ANY, splitPermission } from './permission-name.ts';

/** The names under which a closure has rules, with wildcards or without. */
export function* ruleNames(closure: RoleClosure | undefined): Generator<string> {
  if (!closure) return;
  yield* closure.names.keys();
  for (const resource of closure.resources.keys()) yield `${resource}:${ANY}`;
  for (const action of closure.actions.keys()) yield `${ANY}:${action}`;
  if (closure.everything.length > 0) yield `${ANY}:${ANY}`;
}

/** The rules that count for every permission that a name stands for; `only`: those under that very name. */
export function* rulesHeldOver(closure: RoleClosure | undefined, name: string, only = false): Generator<Rule> {
  if (!closure) return;
  const { resource, action } = splitPermission(name);
  const [anyResource, anyAction] = [resource === ANY, action === ANY];
  if (anyResource && anyAction) {
    yield* closure.everything;
    return;
  }
  if (anyResource) yield* closure.actions.get(action) ?? [];
  else if (anyAction) yield* closure.resources.get(resource) ?? [];
  else yield* closure.names.get(name) ?? [];
  if (only) return;
  if (!anyResource && !anyAction) {
    yield* closure.resources.get(resource) ?? [];
    yield* closure.actions.get(action) ?? [];
  }
  yield* closure.everything;
}
