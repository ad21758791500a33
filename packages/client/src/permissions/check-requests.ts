import {
  type CheckContext,
  type CheckResult,
  Decision,
  AuthzServiceService as rpcs,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { canonicalAddress } from '@gatehouse/verify';
import type { Channel } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import type { Batch, Finding } from '../lookups/lookups.ts';
import { ALLOWED, DENIED, type Verdict } from '../policy/index.ts';
import type { PermissionContext, PermissionQuestion } from './permission-question.ts';
import { responseInvalid } from './response-invalid.ts';

/** Most questions of one call (BatchCheckRequest). */
export const BATCH_QUESTIONS_MAX = 500;

/** Asks the service about a batch of questions. */
export async function askService(
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

function toFinding({ decision, undetermined, error }: CheckResult): Finding<Verdict> {
  if (error) {
    const { reason, message, retryable } = error;
    const code = reason === 'DEADLINE_EXCEEDED' ? reason : retryable ? 'UNAVAILABLE' : 'INVALID_ARGUMENT';
    return new GatehouseError(code, reason || 'SERVER_UNREACHABLE', message);
  }
  if (decision === Decision.DECISION_ALLOWED) return ALLOWED;
  if (decision !== Decision.DECISION_DENIED) return responseInvalid();
  return undetermined === '' ? DENIED : { isAllowed: false, undetermined };
}
