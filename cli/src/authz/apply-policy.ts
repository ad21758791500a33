import { locateIn, type Policy, parsePolicy, type Warning } from '@gatehouse/client/policy-file';
import { Failure } from '@gatehouse/failure';
import type { ApplyPolicyResponse, PolicyChange } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { PolicyClient } from './connect-authz.ts';
import { APPLY_EXIT } from './exit-codes.ts';
import { type ApplyOptions, pathOf, toRequests } from './policy-requests.ts';
import { type FileProblem, readPolicy, tellProblems, tellWarnings } from './policy-text.ts';
import { isDifference, summary, toJson, toLine } from './show-changes.ts';

/** How long it may take, the service's own work included. */
const APPLY_MS_MAX = 10 * 60_000;
/** In the description of a field that is wrong: the reason, and what is wrong. */
const REASONED = /^([A-Z][A-Z_]+): (.*)$/s;

export interface Applying extends ApplyOptions {
  readonly json: boolean;
  /** Called once the file has been read. */
  readonly connect: () => PolicyClient;
  readonly print: (line: string) => void;
}

/** Makes the model what the file says, or tells what that would come to. Answers with the exit code. */
export async function applyPolicy(file: string, applying: Applying): Promise<number> {
  const { json, print } = applying;
  const tell = (problems: readonly FileProblem[], warnings: readonly Warning[] = []) => {
    tellProblems(file, problems, json, print, warnings);
    return APPLY_EXIT.wrong;
  };
  const text = await readPolicy(file);
  if (typeof text !== 'string') return tell([text]);
  const parsed = parsePolicy(text);
  if (!parsed.policy) return tell(parsed.problems);
  const { policy, warnings } = parsed;
  if (!json) tellWarnings(file, warnings, print);
  const client = applying.connect();
  try {
    const { dryRun, prune } = applying;
    const requests = toRequests(policy, { dryRun, prune });
    const changes: PolicyChange[] = [];
    let last: ApplyPolicyResponse | undefined;
    for await (const answer of client.applyPolicy(requests, { deadlineMs: Date.now() + APPLY_MS_MAX })) {
      changes.push(...answer.changes);
      last = answer;
    }
    if (!last?.isComplete) throw new Error('The service has not answered to the end.');
    show(changes, warnings, last, applying);
    return dryRun && changes.some(isDifference) ? APPLY_EXIT.different : APPLY_EXIT.same;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return tell(problemsOf(error, policy, text), warnings);
  } finally {
    client.close();
  }
}

function show(
  changes: readonly PolicyChange[],
  warnings: readonly Warning[],
  { revision, consistencyToken }: ApplyPolicyResponse,
  { json, dryRun, print }: Applying,
): void {
  if (json) {
    const stamp = { revision: String(revision), consistencyToken };
    print(JSON.stringify({ applied: !dryRun, ...stamp, changes: changes.map(toJson), warnings }));
    return;
  }
  for (const change of changes) print(toLine(change));
  const isSame = !changes.some(isDifference);
  const end = isSame ? 'nothing to do' : dryRun ? 'nothing was done: a dry run' : `done, revision ${revision}`;
  print(`${summary(changes)}; ${end}`);
}

/** What the service has refused, at the places of the file that it names; at the beginning where it names none. */
function problemsOf(failure: Failure, policy: Policy, text: string): readonly FileProblem[] {
  const placeOf = locateIn(text);
  if (failure.fields.length === 0) return [{ line: 1, column: 1, code: failure.reason, message: failure.message }];
  return failure.fields.map(({ field, description }) => {
    const [, code = failure.reason, why = failure.message] = REASONED.exec(description) ?? [];
    const path = pathOf(policy, field);
    // A place that the file has not is told by its name.
    const message = path ? sentence(why) : `${field}: ${description}`;
    return { ...placeOf(path ?? []), code, message };
  });
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.slice(0, 1).toUpperCase() + ended.slice(1);
}
