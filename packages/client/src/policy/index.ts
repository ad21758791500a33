// The policy language: what a decision is made of, and the one way in which it is made, here and in the service.

export { CONDITION_CHARACTERS_MAX, type Condition, compileCondition, type Outcome } from '../condition/condition.ts';
export { ConditionError } from '../condition/condition-error.ts';
export type { ConditionInput } from '../condition/condition-input.ts';
export type { StepCount } from '../condition/steps.ts';
export { type AccessChange, accessChanges } from './access-changes.ts';
export { ALLOWED, DENIED, decide, type Question, rulesFor, type Verdict } from './decide.ts';
export { decideForList } from './decide-for-list.ts';
export { type ExclusionBreach, findBreach } from './exclusions.ts';
export { explain } from './explain.ts';
export { type Names, toSentences } from './explain-sentences.ts';
export type { ConditionEvidence, Evidence, Explanation, GrantStatus, NamedGrant, Standing } from './explanation.ts';
export { type Grant, isInForce, plainGrant } from './grant.ts';
export {
  heldPermissions,
  isPattern,
  type PermissionPosition,
  type PresentStanding,
  positionOf,
  presentStanding,
  type UserPermission,
} from './held-permissions.ts';
export { type HeldScope, heldScopes, type OpenQuestion } from './held-scopes.ts';
export {
  compileModel,
  type Effect,
  type HeldPermission,
  lineage,
  type Model,
  type ModelRole,
  matches,
  type RoleClosure,
  type RoleExclusion,
  type Rule,
} from './model.ts';
export { decodePart, encodeId, encodeName } from './percent.ts';
export { ANY, canonicalPermission, isHeldPermission, isPermission, splitPermission } from './permission-name.ts';
export { QuestionMeter, type Refuse } from './question-meter.ts';
export { type RolesAbout, rolesAbout } from './roles-about.ts';
export {
  canonicalScope,
  covers,
  EVERYWHERE,
  isScope,
  SCOPE_CHARACTERS_MAX,
  SCOPE_DEPTH_MAX,
  scopesOver,
} from './scope.ts';
export type { Access, AccessChangeKind, Holding } from './standing.ts';
export { type MeteredLimit, STEPS_REFUSALS, StepsTooMany } from './steps-refusal.ts';
export { STEPS_TAKEN, type StepLimit } from './steps-taken.ts';
export { type ConditionProblem, problemOf, storedCondition } from './stored-condition.ts';
