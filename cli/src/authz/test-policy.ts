import type { Explanation } from '@gatehouse/client/policy';
import { type FailedCheck, parsePolicy, runTests } from '@gatehouse/client/policy-file';
import { TEST_EXIT } from './exit-codes.ts';
import { readPolicy, tellProblems, tellWarnings } from './policy-text.ts';

/** Runs the tests of a policy file: no server, no network. Answers with the exit code. */
export async function testPolicy(file: string, json: boolean, print: (line: string) => void): Promise<number> {
  const text = await readPolicy(file);
  if (typeof text !== 'string') {
    tellProblems(file, [text], json, print);
    return TEST_EXIT.wrong;
  }
  const parsed = parsePolicy(text);
  if (!parsed.policy) {
    tellProblems(file, parsed.problems, json, print);
    return TEST_EXIT.wrong;
  }
  const { policy, warnings } = parsed;
  if (!json) tellWarnings(file, warnings, print);
  const { passed, failed } = runTests(policy);
  for (const check of json ? [] : failed) print(line(file, check));
  print(
    json
      ? JSON.stringify({ passed, failed: failed.map(toJson), warnings })
      : `${passed} passed, ${failed.length} failed`,
  );
  return failed.length === 0 ? TEST_EXIT.passed : TEST_EXIT.failed;
}

function line(file: string, { test, place, question, expected, sentences }: FailedCheck): string {
  const why = sentences.join(' ');
  return `${file}:${place.line}:${place.column}: ${test}: expected ${question.userId} to be ${expected}. ${why}`;
}

function toJson({ test, place, question, expected, explanation, sentences }: FailedCheck): object {
  const { userId, permission, resource } = question;
  return {
    test,
    ...place,
    user: userId,
    permission,
    resource,
    expected,
    ...(explanation ? toJsonParts(explanation) : { got: 'refused' }),
    why: sentences,
  };
}

function toJsonParts({ isAllowed, kind, undetermined, evidence }: Explanation): object {
  return {
    got: isAllowed ? 'allowed' : 'denied',
    kind,
    ...(undetermined === '' ? {} : { undetermined }),
    ...(evidence
      ? {
          grant: evidence.grant.id,
          role: evidence.grant.roleId,
          scope: evidence.grant.scope,
          standing: evidence.standing,
          path: evidence.path,
          held: evidence.heldName,
          conditions: evidence.conditions,
        }
      : {}),
  };
}
