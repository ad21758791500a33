import {
  BatchCheckRequest,
  BatchCheckResponse,
  CheckRequest,
  CheckResponse,
  type Decision,
  StreamCheckRequest,
  StreamCheckResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { BATCH } from './batches.ts';
import type { Question } from './prove.ts';

/** A permission of a user, and what is to be decided about it. */
export interface KnownCheck {
  readonly userId: string;
  /** Names of the roles that the user has, for whoever must be told. */
  readonly roles: readonly string[];
  readonly permission: string;
  /** The path of a resource; absent: nothing in particular. */
  readonly resource?: string;
  /** The address that the user comes from; absent: nobody knows. */
  readonly ip?: string;
  readonly expected: Decision;
}

/** Asks about one permission at a time. */
export function checks(known: readonly KnownCheck[]): Question[] {
  return known.map((check) => ({
    request: CheckRequest.encode({ ...itemOf(check), consistency: undefined }).finish(),
    judge: (answer) => judge(check, CheckResponse.decode(answer).decision),
  }));
}

/** The same over a stream. */
export function streamedChecks(known: readonly KnownCheck[]): Question[] {
  return known.map((check) => ({
    request: StreamCheckRequest.encode({ item: itemOf(check), consistency: undefined }).finish(),
    judge: (answer) => judge(check, StreamCheckResponse.decode(answer).decision),
  }));
}

/** Asks about a hundred at once. */
export function batchedChecks(known: readonly KnownCheck[]): Question[] {
  return Array.from({ length: Math.floor(known.length / BATCH) }, (_, index) => {
    const asked = known.slice(index * BATCH, (index + 1) * BATCH);
    return {
      request: BatchCheckRequest.encode({ items: asked.map(itemOf), consistency: undefined }).finish(),
      judge: (answer) => {
        const { results } = BatchCheckResponse.decode(answer);
        if (results.length !== asked.length) throw new Error(`A batch has ${results.length} results.`);
        for (const [place, check] of asked.entries()) judge(check, results[place]?.decision);
      },
    };
  });
}

function itemOf({ userId, permission, resource = '', ip }: KnownCheck) {
  const rest = { authenticationLevel: 0, resourceAttributes: undefined, attributes: undefined };
  return { userId, permission, resource, context: ip === undefined ? undefined : { ip, ...rest } };
}

function judge({ userId, permission, expected }: KnownCheck, decision: Decision | undefined): void {
  if (decision !== expected) throw new Error(`${permission} of ${userId}: decided ${decision}, not ${expected}.`);
}
