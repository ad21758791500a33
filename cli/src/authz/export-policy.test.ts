import { expect, it } from 'vitest';
import { exportPolicy } from './export-policy.ts';

const PROBLEM = { message: 'There is no function nobody.', offset: 0, line: 1, column: 2 };
const PART = {
  policy: { permissions: [], roles: [], exclusions: [] },
  isComplete: true,
  conditionProblems: [
    { permission: 'vault:open', role: '', problem: PROBLEM },
    { permission: 'vault:open', role: 'blind', problem: PROBLEM },
  ],
};

it.each([
  [
    false,
    [
      "permission vault:open: the service can't read the condition (line 1, column 2): There is no function nobody.",
      "role blind denies vault:open: the service can't read the condition (line 1, column 2): There is no function nobody.",
    ],
  ],
  [
    true,
    [
      JSON.stringify({ permission: 'vault:open', ...PROBLEM }),
      JSON.stringify({ permission: 'vault:open', role: 'blind', ...PROBLEM }),
    ],
  ],
])('tells conditions that the service can not read beside the file, as JSON: %s', async (json, expected) => {
  const [printed, warned]: [string[], string[]] = [[], []];
  const client = {
    async *exportPolicy() {
      yield PART;
    },
  };
  await exportPolicy({
    output: undefined,
    client: client as never,
    print: (text) => printed.push(text),
    warn: (line) => warned.push(line),
    json,
  });
  expect(printed.join('')).toContain('version: 1');
  expect(warned).toEqual(expected);
});
