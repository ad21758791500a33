import type { EventSource } from '@gatehouse/mesh';
import { isUuid } from '@gatehouse/process';
import type { CheckRequest, CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { type Call, type Handler, matchesPeer, peers } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { toAnswer } from '../domain/edge-answer.ts';
import type { EdgeDecision } from '../domain/edge-decision.ts';
import { decider, type EdgeCall } from '../edge/decide.ts';
import { policies } from '../edge/policies.ts';
import { questionOf, settingsOf, toHttpRequest } from '../wire/check-request.ts';
import { toCheckResponse } from '../wire/check-response.ts';
import { permits } from '../wire/permit.ts';

/** Whose word for the address of a client is taken: an operator may ask too, and stands in front of nobody. */
const VOUCHING = [peers.anyEdge];

/**
 * Decides for Envoy whether an HTTP request may pass (envoy.service.auth.v3.Authorization). A bad session is an answer;
 * a store that does not answer is a gRPC error, on which Envoy closes (failure_mode_allow: false).
 */
export function check(deps: Deps): Handler<CheckRequest, CheckResponse> {
  const decide = decider(deps, { removesHeaders: true });
  const routes = policies(deps);
  const permit = permits();
  const answer = (decision: EdgeDecision) =>
    decision.outcome === 'allowed' ? permit(decision) : toCheckResponse(toAnswer(decision));
  return (message, call) => {
    const request = toHttpRequest(message, matchesPeer(call.peer.name, VOUCHING) ? call.clientAddress : undefined);
    const id = request.headers['x-request-id'] ?? message.attributes?.request?.http?.id ?? '';
    const policy = routes.ofSettings(settingsOf(message));
    const decision = decide(request, policy, new CheckCall(call, isUuid(id) ? id : call.requestId, message));
    return decision instanceof Promise ? decision.then(answer) : answer(decision);
  };
}

/** The call, under the request id of the HTTP request. A class, because one is made for every request and little of it read. */
class CheckCall implements EdgeCall {
  readonly requestId: string;
  private readonly call: Call;
  private readonly message: CheckRequest;

  constructor(call: Call, requestId: string, message: CheckRequest) {
    this.call = call;
    this.requestId = requestId;
    this.message = message;
  }

  get question(): EventSource['question'] {
    return questionOf(this.message);
  }

  get peer(): EventSource['peer'] {
    return this.call.peer;
  }

  get trace(): EventSource['trace'] {
    return this.call.trace;
  }

  get actor(): undefined {
    return undefined;
  }

  get deadlineMs(): number {
    return this.call.deadlineMs;
  }

  get signal(): AbortSignal {
    return this.call.signal;
  }
}
