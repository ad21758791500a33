import {
  type CheckContext,
  type CheckResult,
  Decision,
  AuthzServiceService as rpcs,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { canonicalAddress } from '@gatehouse/verify';
import type { Channel } from '../channel/open-channel.ts';
import { QUESTION_STEPS_MAX, REQUEST_STEPS_MAX } from '../condition/steps.ts';
import { GatehouseError, type GatehouseErrorCode } from '../gatehouse-error.ts';
import type { Batch, Finding } from '../lookups/lookups.ts';
import { ALLOWED, DENIED, STEPS_REFUSALS, type Verdict } from '../policy/index.ts';
import type { PermissionContext, PermissionQuestion } from './permission-question.ts';
import { responseInvalid } from './response-invalid.ts';

/** Most questions of one call (BatchCheckRequest). */
export const BATCH_QUESTIONS_MAX = 500;

/** So many questions are never refused because of what their conditions take together. */
const QUESTIONS_WITHIN_STEPS = REQUEST_STEPS_MAX / QUESTION_STEPS_MAX;

/**
 * Asks the service about a batch of questions. Who asks them has nothing to do with one another: where they take too much
 * together they are asked again in batches that can't, one after the other, so that each of them fails alone.
 */
export async function askService(
  channel: Channel,
  batch: Batch<PermissionQuestion>,
): Promise<readonly Finding<Verdict>[]> {
  const endsAtMs = performance.now() + batch.timeoutMs;
  try {
    return await askAtOnce(channel, batch);
  } catch (error) {
    const isTooMuch = error instanceof GatehouseError && error.reason === STEPS_REFUSALS.request.reason;
    if (!isTooMuch || batch.subjects.length <= QUESTIONS_WITHIN_STEPS) throw error;
  }
  const findings: Finding<Verdict>[] = [];
  while (findings.length < batch.subjects.length) {
    const subjects = batch.subjects.slice(findings.length, findings.length + QUESTIONS_WITHIN_STEPS);
    const part = { ...batch, subjects, timeoutMs: endsAtMs - performance.now() };
    findings.push(...(await askAtOnce(channel, part).catch((error: GatehouseError) => subjects.map(() => error))));
  }
  return findings;
}

async function askAtOnce(
  channel: Channel,
  { subjects, freshness, consistencyToken, timeoutMs, signal }: Batch<PermissionQuestion>,
): Promise<readonly Finding<Verdict>[]> {
  const items = subjects.map(({ userId, permission, resource = '', context }) => ({
    userId,
    permission,
    resource,
    context: context && toContext(context),
  }));
  const requirement =
    freshness === 'strict'
      ? ({ $case: 'fullyConsistent', value: true } as const)
      : consistencyToken !== ''
        ? ({ $case: 'atLeastAsFresh', value: consistencyToken } as const)
        : undefined;
  const request = { items, consistency: requirement && { requirement } };
  const { results } = await channel.call(rpcs.batchCheck, request, { timeoutMs, signal });
  if (results.length !== subjects.length) throw responseInvalid();
  return results.map(toFinding);
}

/** By which the same question is known again; one with attributes is like no other. */
export function questionKey({ userId, permission, resource = '', context }: PermissionQuestion): string {
  if (!context) return `${userId} ${permission} ${resource}`;
  const { ip = '', authenticationLevel = 0, resourceAttributes, attributes } = context;
  if (resourceAttributes || attributes) return `unlike ${crypto.randomUUID()}`;
  return `${userId} ${permission} ${resource} ${ip} ${authenticationLevel}`;
}

function toContext({
  ip = '',
  authenticationLevel = 0,
  resourceAttributes,
  attributes,
}: PermissionContext): CheckContext {
  return { ip: canonicalAddress(ip) ?? '', authenticationLevel, resourceAttributes, attributes };
}

/** As a single check is refused for it. */
const CODES = new Map<string, GatehouseErrorCode>([
  ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'],
  [STEPS_REFUSALS.question.reason, 'RESOURCE_EXHAUSTED'],
  [STEPS_REFUSALS.turns.reason, 'RESOURCE_EXHAUSTED'],
]);

function toFinding({ decision, undetermined, error }: CheckResult): Finding<Verdict> {
  if (error) {
    const { reason, message, retryable } = error;
    const code = CODES.get(reason) ?? (retryable ? 'UNAVAILABLE' : 'INVALID_ARGUMENT');
    return new GatehouseError(code, reason || 'SERVER_UNREACHABLE', message);
  }
  if (decision === Decision.DECISION_ALLOWED) return ALLOWED;
  if (decision !== Decision.DECISION_DENIED) return responseInvalid();
  return undetermined === '' ? DENIED : { isAllowed: false, undetermined };
}
