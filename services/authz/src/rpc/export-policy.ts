import type { ExportPolicyRequest, ExportPolicyResponse } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { inMessages, type ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { toDocument } from '../domain/stored-policy.ts';
import { readPolicyAsOf } from '../store/stored-policy.ts';
import { itemsOf, problemsOf, toPolicyMessage } from '../wire/policy.ts';

/** Returns the model as a document. The last message says so; a stream that ends otherwise has an error. */
export function exportPolicy({ db }: Pick<Deps, 'db'>): ServerStreamHandler<ExportPolicyRequest, ExportPolicyResponse> {
  return async function* (_request, call) {
    const { stored, revision } = await readPolicyAsOf(db.within(call));
    for (const { items, isLast } of inMessages(itemsOf(toDocument(stored)))) {
      const policy = toPolicyMessage(items);
      yield { policy, isComplete: isLast, revision, conditionProblems: problemsOf(policy) };
    }
  };
}
