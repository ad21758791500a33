import { type HeldScope, heldScopes, type OpenQuestion } from '@gatehouse/client/policy';
import { liesBelow, typeOf } from '../domain/resource-type.ts';
import type { Standing } from '../store/decisions.ts';
import { openMeter } from '../store/steps.ts';

/** Some of the scopes on which an answer changes, or that are named. */
export interface HeldScopePage {
  readonly scopes: readonly HeldScope[];
  /** Where the next page begins: after this scope. undefined: this is the last page. */
  readonly next: string | undefined;
}

export interface HeldScopePagesOptions {
  /** Leaves out what lies below a resource of this type; empty: nothing. */
  readonly resourceType: string;
  /** Whether scopes of the type are listed where the answer is that of the scope above, too, if it is yes. */
  readonly listsNamed?: boolean;
  /** Leaves out the scopes up to this one; undefined: none. */
  readonly after: string | undefined;
  /** Most scopes of a page. */
  readonly size: number;
  readonly signal: AbortSignal;
}

/**
 * Where a user holds a permission, page by page. There is always a last page, which may be empty. Rejects with Failure `limited`
 * as a meter tells, each page being a request.
 */
export async function* heldScopePages(
  { model, held }: Standing,
  question: OpenQuestion,
  { resourceType, listsNamed = false, after, size, signal }: HeldScopePagesOptions,
): AsyncGenerator<HeldScopePage> {
  const steps = { steps: 0 };
  const meter = openMeter().next(steps);
  let scopes: HeldScope[] = [];
  for await (const each of heldScopes(model, held.grants, question, meter, signal)) {
    if ((after !== undefined && each.scope <= after) || liesBelow(each.scope, resourceType)) continue;
    const isListed = each.isChange || (listsNamed && each.holds === 'allowed' && typeOf(each.scope) === resourceType);
    if (!isListed) continue;
    if (scopes.length === size) {
      yield { scopes, next: scopes.at(-1)?.scope };
      scopes = [];
      steps.steps = 0;
    }
    scopes.push(each);
  }
  yield { scopes, next: undefined };
}
