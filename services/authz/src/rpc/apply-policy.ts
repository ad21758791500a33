import { Failure } from '@gatehouse/failure';
import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { ApplyPolicyRequest, ApplyPolicyResponse } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { type BidiHandler, type Call, fieldsInvalid, inMessages } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { documentParts, type PolicyDocument } from '../domain/policy-document.ts';
import { changedWords } from '../domain/policy-events.ts';
import { isDifferent, type PolicyPlan, planPolicy } from '../domain/policy-plan.ts';
import { toHeldLists } from '../domain/role-update.ts';
import type { Events } from '../events.ts';
import { applyPlan } from '../store/apply-plan.ts';
import { conditionProblem } from '../store/conditions.ts';
import { tryModelChange } from '../store/model-change.ts';
import { readPolicy } from '../store/stored-policy.ts';
import { toChangeMessage, toDocumentPart } from '../wire/policy.ts';

type Options = Pick<ApplyPolicyRequest, 'dryRun' | 'prune' | 'mustMatchRevision'>;

/** Makes the model what a document says; its audit events commit with it or not at all. */
export function applyPolicy({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): BidiHandler<ApplyPolicyRequest, ApplyPolicyResponse> {
  return async function* (requests, call) {
    const { document, options } = await receive(requests);
    const planning = { prune: options.prune, newId: uuidv7, at: clock.now(), by: call.actor?.userId };
    const done = await tryModelChange(changes, call, options, async (tx) => {
      const stored = await readPolicy(tx);
      const plan = planPolicy(stored, document, planning);
      const keep = isDifferent(plan);
      if (keep) {
        await applyPlan(tx, plan, stored, planning);
        await tellOf(plan, { tx, call, events });
      }
      return { made: { plan }, keep: keep && !options.dryRun };
    });
    for (const { items, isLast } of inMessages(done.plan.changes)) {
      yield {
        changes: items.map(toChangeMessage),
        isComplete: isLast,
        revision: isLast ? done.revision : 0n,
        consistencyToken: isLast ? done.consistencyToken : '',
      };
    }
  };
}

/** The document, once its last part has come. */
async function receive(
  requests: AsyncIterable<ApplyPolicyRequest>,
): Promise<{ readonly document: PolicyDocument; readonly options: Options }> {
  const parts = documentParts(conditionProblem);
  let options: Options | undefined;
  for await (const request of requests) {
    if (options) assertSame(options, request);
    options ??= request;
    parts.add(toDocumentPart(request.policy));
    if (request.isComplete) return { document: parts.join(), options };
  }
  throw new Failure('invalid', 'POLICY_INCOMPLETE', 'The document ended before its last part.');
}

function assertSame(first: Options, { dryRun, prune, mustMatchRevision }: Options): void {
  const differs = [
    ...(dryRun && !first.dryRun ? ['dry_run'] : []),
    ...(prune && !first.prune ? ['prune'] : []),
    ...(mustMatchRevision !== undefined && mustMatchRevision !== first.mustMatchRevision
      ? ['must_match_revision']
      : []),
  ];
  if (differs.length === 0) return;
  throw fieldsInvalid(differs.map((field) => ({ field, description: 'is other than in the first message' })));
}

/** Tells of each thing that was made, changed or deleted, as the RPC for one such thing does. */
async function tellOf(
  { permissions, roles, exclusions }: PolicyPlan,
  { tx, call, events }: { readonly tx: Transaction; readonly call: Call; readonly events: Events },
): Promise<void> {
  await events.together(tx, call, async () => {
    for (const each of permissions.created) await events.permissionCreated(tx, call, each);
    for (const { before, after } of permissions.changed) await events.permissionUpdated(tx, call, after, before);
    for (const { role, held } of roles.created) {
      await events.roleCreated(tx, call, role, toHeldLists(held));
    }
    for (const each of roles.changed) {
      await events.roleUpdated(tx, call, { ...each.before, parentRoleId: each.parentRoleId }, changedWords(each));
    }
    for (const each of exclusions.created) await events.roleExclusionCreated(tx, call, each);
    for (const each of exclusions.changed) await events.roleExclusionUpdated(tx, call, each);
    for (const each of exclusions.deleted) await events.roleExclusionDeleted(tx, call, each, '');
    for (const each of roles.deleted) await events.roleDeleted(tx, call, each);
    for (const each of permissions.deleted) await events.permissionDeleted(tx, call, each, 0);
  });
}
