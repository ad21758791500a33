import { canonicalAddress } from '@gatehouse/verify';
import { GatehouseError } from '../gatehouse-error.ts';
import { boundedMap } from '../memory/bounded-map.ts';
import {
  canonicalPermission,
  canonicalScope,
  decide,
  type MeteredLimit,
  QuestionMeter,
  STEPS_REFUSALS,
  type Verdict,
} from '../policy/index.ts';
import type { KnownUser } from './grants-memory.ts';
import type { KnownModel } from './model-copy.ts';
import type { PermissionQuestion } from './permission-question.ts';
import { contextProblem } from './question-problem.ts';

/** Goes on with a question that takes longer than one turn of the event loop may. It rejects as `decide` throws, and with why the signal was aborted. */
export type Later = (signal: AbortSignal) => Promise<Verdict | undefined>;

/** Decides from what is in memory. */
export interface LocalChecks {
  /**
   * What the service would answer by the same model and grants; undefined when that can't be told here: the question breaks
   * a limit or spells a name in another form than the one that is kept, the model is older than the grants, or something in
   * them can't be read by this version. Throws GatehouseError RESOURCE_EXHAUSTED where the service would refuse the question
   * because of what its conditions take.
   */
  decide(
    question: PermissionQuestion,
    known: KnownUser,
    model: KnownModel,
    databaseMs: number,
  ): Verdict | Later | undefined;
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
  let shared = new QuestionMeter(stepsTooMany);
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
      const isWhole = isReadable && known.isReadable;
      const meter = shared.next();
      const verdict = decide(model, known.grants, asked, meter);
      if (verdict) return ifCertain(verdict, isWhole);
      // The object is for the next question; this one goes on with a copy, and with the meter.
      shared = new QuestionMeter(stepsTooMany);
      const kept = { ...asked };
      const goOn = () => decide(model, known.grants, kept, meter);
      return async (signal) => ifCertain(await meter.finish(goOn, signal), isWhole);
    },
  };
}

function ifCertain(verdict: Verdict, isWhole: boolean): Verdict | undefined {
  return verdict.undetermined === '' || isWhole ? verdict : undefined;
}

function stepsTooMany(limit: MeteredLimit): GatehouseError {
  const { reason, message, ...retry } = STEPS_REFUSALS[limit];
  return new GatehouseError('RESOURCE_EXHAUSTED', reason, message, retry);
}
