import { readFile, stat } from 'node:fs/promises';
import { type FailedCheck, FILE_BYTES_MAX, type Problem, parsePolicy, runTests } from '@gatehouse/client/policy-file';

/** How `gatehouse authz test` ends: all passed, some failed, or the file is wrong. */
export const EXIT = { passed: 0, failed: 1, wrong: 2 } as const;

/** Runs the tests of a policy file: no server, no network. Answers with the exit code. */
export async function testPolicy(file: string, json: boolean, print: (line: string) => void): Promise<number> {
  const text = await readPolicy(file);
  if (typeof text !== 'string') return tellProblems(file, [text], json, print);
  const { policy, problems } = parsePolicy(text);
  if (!policy) return tellProblems(file, problems, json, print);
  const { passed, failed } = runTests(policy);
  for (const check of json ? [] : failed) print(line(file, check));
  print(json ? JSON.stringify({ passed, failed: failed.map(toJson) }) : `${passed} passed, ${failed.length} failed`);
  return failed.length === 0 ? EXIT.passed : EXIT.failed;
}

async function readPolicy(file: string): Promise<string | (Omit<Problem, 'code'> & { code: string })> {
  const nowhere = { line: 1, column: 1 };
  try {
    // What is far too large is not read into memory; the parser has the exact limit.
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) {
      return { ...nowhere, code: 'FILE_TOO_LARGE', message: `The file has more than ${FILE_BYTES_MAX} bytes.` };
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...nowhere, code: 'FILE_UNREADABLE', message: `The file can't be read: ${why}.` };
  }
}

function tellProblems(
  file: string,
  problems: readonly (Omit<Problem, 'code'> & { code: string })[],
  json: boolean,
  print: (line: string) => void,
): number {
  if (json) print(JSON.stringify({ problems }));
  for (const { line, column, code, message } of json ? [] : problems) {
    print(`${file}:${line}:${column}: ${message} [${code}]`);
  }
  return EXIT.wrong;
}

function line(file: string, { test, place, question, expected, sentences }: FailedCheck): string {
  const why = sentences.join(' ');
  return `${file}:${place.line}:${place.column}: ${test}: expected ${question.userId} to be ${expected}. ${why}`;
}

function toJson({ test, place, question, expected, explanation, sentences }: FailedCheck): object {
  const { userId, permission, resource } = question;
  const { evidence, kind, undetermined } = explanation;
  return {
    test,
    ...place,
    user: userId,
    permission,
    resource,
    expected,
    got: explanation.isAllowed ? 'allowed' : 'denied',
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
    why: sentences,
  };
}
