import { canonicalAddress } from '@gatehouse/verify';
import { boundedMap } from '../memory/bounded-map.ts';
import { canonicalPermission, canonicalScope, decide, type Grant, type Model, type Verdict } from '../policy/index.ts';
import type { KnownUser } from './grants-memory.ts';
import type { KnownModel } from './model-copy.ts';
import type { PermissionQuestion } from './permission-question.ts';
import { contextProblem } from './question-problem.ts';

/** Decides from what is in memory. */
export interface LocalChecks {
  /**
   * What the service would answer by the same model and grants; undefined when that can't be told here: the question breaks
   * a limit or spells a name in another form than the one that is kept, the model is older than the grants, or something in
   * them can't be read by this version.
   */
  decide(question: PermissionQuestion, known: KnownUser, model: KnownModel, databaseMs: number): Verdict | undefined;
}

/** Most names of permissions that are known to be well-formed. */
const NAMES_MAX = 10_000;
const NO_ATTRIBUTES = {};
const WELL_FORMED = {};

/** One question is judged at a time, in one object, so that a hit leaves nothing to the garbage collector. */
export function createLocalChecks(): LocalChecks {
  const names = boundedMap<object>(NAMES_MAX);
  const asked = {
    userId: '',
    permission: '',
    resource: '',
    ip: '',
    authenticationLevel: 0,
    resourceAttributes: NO_ATTRIBUTES as Readonly<Record<string, unknown>>,
    attributes: NO_ATTRIBUTES as Readonly<Record<string, unknown>>,
    nowMs: 0,
  };
  const isName = (permission: string): boolean => {
    if (names.get(permission)) return true;
    if (typeof permission !== 'string' || canonicalPermission(permission) !== permission) return false;
    names.set(permission, WELL_FORMED);
    return true;
  };
  const isResource = (resource: unknown) =>
    resource === '' || (typeof resource === 'string' && canonicalScope(resource) === resource);
  const judge = (model: Model, grants: readonly Grant[]) => decide(model, grants, asked);
  return {
    decide({ userId, permission, resource = '', context }, known, { model, isReadable }, databaseMs) {
      if (known.modelRevision > model.revision || !isName(permission) || !isResource(resource)) {
        return undefined;
      }
      if (context && contextProblem(context)) return undefined;
      asked.userId = userId;
      asked.permission = permission;
      asked.resource = resource;
      asked.ip = canonicalAddress(context?.ip ?? '') ?? '';
      asked.authenticationLevel = context?.authenticationLevel ?? 0;
      asked.resourceAttributes = context?.resourceAttributes ?? NO_ATTRIBUTES;
      asked.attributes = context?.attributes ?? NO_ATTRIBUTES;
      asked.nowMs = databaseMs;
      const verdict = judge(model, known.grants);
      const isCertain = verdict.undetermined === '' || (isReadable && known.isReadable);
      return isCertain ? verdict : undefined;
    },
  };
}
