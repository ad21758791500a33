import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Failure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import type {
  AccessChange,
  GrantChange,
  SimulateChangeRequest,
  SimulateChangeResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { type BidiHandler, type Call, fieldsInvalid } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { GRANT_CHANGES_MAX } from '../domain/grant-change.ts';
import { pageTokens, UUID_PART } from '../domain/page-token.ts';
import { documentParts, type PolicyDocument } from '../domain/policy-document.ts';
import { affectedRoles, outcomeOf } from '../domain/policy-outcome.ts';
import { planPolicy } from '../domain/policy-plan.ts';
import { roleNames, toDocument } from '../domain/stored-policy.ts';
import { type Affected, findAffected, modelChanging } from '../store/affected-users.ts';
import { conditionProblem } from '../store/conditions.ts';
import { modelOf } from '../store/document-model.ts';
import { changesByUser } from '../store/grant-changes.ts';
import { changesOf, type Simulation } from '../store/simulation.ts';
import { readPolicyAsOf } from '../store/stored-policy.ts';
import { toAccessChangeMessage, toGrantChange } from '../wire/access-change.ts';
import { toDocumentPart } from '../wire/policy.ts';

const PAGE_SIZE_DEFAULT = 100;
/** Most entries of one message. */
const CHANGES_MAX = 500;
const FIRST_USER = '00000000-0000-0000-0000-000000000000';
/** A position: the user with whom the list goes on, and the revision of the model that it is about. */
const POSITION = [UUID_PART, /^\d{1,19}$/];

/** Tells who would gain or lose what. The last message says so; a stream that ends otherwise has an error. */
export function simulateChange(
  deps: Pick<Deps, 'db' | 'clock'>,
): BidiHandler<SimulateChangeRequest, SimulateChangeResponse> {
  return async function* (requests, call) {
    const asked = await receive(requests);
    const pages = pageTokens(['SimulateChange', asked.fingerprint], POSITION);
    const [begin = FIRST_USER, based] = pages.parse(asked.pageToken) ?? [];
    const { simulation, affected } = await prepare(deps, call, asked);
    const { revision } = affected;
    if (based !== undefined && BigInt(based) !== revision) throw modelChanging();
    const message = (changes: AccessChange[], next: string | undefined): SimulateChangeResponse => ({
      changes,
      nextPageToken: next === undefined ? '' : pages.format([next, String(revision)]),
      isComplete: next === undefined,
      revision,
    });
    const db = deps.db.within(call);
    for (let from: string | undefined = begin; from !== undefined; ) {
      const page = await findAffected(db, affected, from, asked.pageSize || PAGE_SIZE_DEFAULT);
      let changes: AccessChange[] = [];
      for (const user of page.users) {
        for (const found of changesOf(simulation, user, page.nowMs)) {
          for (const each of found) {
            if (changes.length === CHANGES_MAX) {
              yield message(changes, user.userId);
              changes = [];
            }
            changes.push(toAccessChangeMessage(user.userId, each));
          }
          // A user with very many grants must not keep others waiting.
          await setImmediate();
          call.signal.throwIfAborted();
        }
      }
      yield message(changes, page.next);
      from = page.next;
    }
  };
}

interface Asked extends Pick<SimulateChangeRequest, 'prune' | 'pageSize' | 'pageToken'> {
  readonly document: PolicyDocument;
  readonly grantChanges: readonly GrantChange[];
  /** Of all that is to be tried. */
  readonly fingerprint: string;
}

/** What is to be tried, once its last part has come. */
async function receive(requests: AsyncIterable<SimulateChangeRequest>): Promise<Asked> {
  const parts = documentParts(conditionProblem);
  const hash = createHash('sha256');
  const grantChanges: GrantChange[] = [];
  let first: SimulateChangeRequest | undefined;
  for await (const request of requests) {
    first ??= request;
    assertSame(first, request);
    const part = toDocumentPart(request.policy);
    parts.add(part);
    grantChanges.push(...request.grantChanges);
    if (grantChanges.length > GRANT_CHANGES_MAX) {
      throw new Failure('limited', 'POLICY_TOO_LARGE', `More than ${GRANT_CHANGES_MAX} grants would change.`);
    }
    hash.update(JSON.stringify([part, request.grantChanges, request.prune]));
    if (!request.isComplete) continue;
    const { prune, pageSize, pageToken } = first;
    return { document: parts.join(), grantChanges, prune, pageSize, pageToken, fingerprint: hash.digest('hex') };
  }
  throw new Failure('invalid', 'POLICY_INCOMPLETE', 'What is to be tried ended before its last part.');
}

function assertSame(first: SimulateChangeRequest, { prune, pageSize, pageToken }: SimulateChangeRequest): void {
  const differs = [
    ...(prune && !first.prune ? ['prune'] : []),
    ...(pageSize !== 0 && pageSize !== first.pageSize ? ['page_size'] : []),
    ...(pageToken !== '' && pageToken !== first.pageToken ? ['page_token'] : []),
  ];
  if (differs.length === 0) return;
  throw fieldsInvalid(differs.map((field) => ({ field, description: 'is other than in the first message' })));
}

async function prepare(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  call: Call,
  { document, grantChanges, prune }: Asked,
): Promise<{ readonly simulation: Simulation; readonly affected: Affected }> {
  const { stored, revision } = await readPolicyAsOf(db.within(call));
  const plan = planPolicy(stored, document, { prune, newId: uuidv7, at: clock.now(), by: call.actor?.userId });
  const names = roleNames(stored);
  const index = { names, ids: new Map([...names].map(([id, name]) => [name, id])) };
  const wanted = grantChanges.map((each, at) => toGrantChange(each, at, index));
  const changes = await changesByUser(db.within(call), wanted, plan.roles.forest);
  return {
    simulation: {
      before: modelOf(toDocument(stored), revision),
      after: modelOf(outcomeOf(stored, document, plan), revision),
      names,
      changes,
    },
    affected: { roleIds: affectedRoles(stored, plan), userIds: [...changes.keys()], revision },
  };
}
