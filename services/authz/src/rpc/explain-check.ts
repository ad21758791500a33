import { toSentences } from '@gatehouse/client/policy';
import {
  Decision,
  type ExplainCheckRequest,
  type ExplainCheckResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { KIND, roleName, toEvidenceMessage } from '../wire/explanation.ts';
import { toAsked } from '../wire/question.ts';

/** Says why a check is answered as it is. */
export function explainCheck({
  explanations,
}: Pick<Deps, 'explanations'>): Handler<ExplainCheckRequest, ExplainCheckResponse> {
  return async ({ item }, call) => {
    if (!item) throw new Error('The limits let a question without an item pass.');
    const asked = toAsked(item);
    const { explanation, model, revision, nowMs } = await explanations(asked, call.signal);
    const { kind, isAllowed, undetermined, evidence } = explanation;
    const names = { role: (id: string) => roleName(model, id), grant: (id: string) => id };
    return {
      decision: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED,
      undetermined,
      kind: KIND[kind],
      evidence: evidence && toEvidenceMessage(evidence, model),
      sentences: [...toSentences(explanation, { ...asked, nowMs }, names)],
      modelRevision: model.revision,
      userRevision: revision,
      decidedAt: new Date(nowMs),
    };
  };
}
