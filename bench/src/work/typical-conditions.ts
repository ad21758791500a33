import type { ConditionInput } from '@gatehouse/client/policy';

/** A condition as policies have them, and questions with what it is to answer to each. */
export interface TypicalCondition {
  readonly name: string;
  readonly source: string;
  /** How many times as fast as cel-js's evaluator it is to be. */
  readonly aim: number;
  readonly questions: readonly { readonly input: ConditionInput; readonly expected: boolean }[];
}

const NOW_MS = Date.UTC(2026, 5, 1, 6);
const HOUR_MS = 3_600_000;
const GROUPS = 20;
/** Different questions about each. */
const QUESTIONS = 64;

const NOBODY: ConditionInput = {
  ip: '10.1.2.3',
  nowMs: NOW_MS,
  authenticationLevel: 2,
  userId: '01940000-0000-7000-8000-000000000001',
  permission: 'invoices:approve',
  resource: 'tenant/7',
  resourceAttributes: {},
  attributes: {},
};

const CONDITIONS: readonly (Omit<TypicalCondition, 'questions'> & {
  /** What is asked, by its number, and the answer. */
  ask(index: number): readonly [given: Partial<ConditionInput>, expected: boolean];
})[] = [
  {
    name: 'level',
    source: 'request.authentication_level >= 2',
    aim: 1,
    ask: (index) => [{ authenticationLevel: index % 4 }, index % 4 >= 2],
  },
  {
    name: 'address range',
    source: 'request.ip.inCidr("10.0.0.0/8")',
    aim: 1,
    ask: (index) => [{ ip: `${10 + (index % 2)}.1.${index}.3` }, index % 2 === 0],
  },
  {
    name: 'time window',
    source: 'request.time >= timestamp("2026-06-01T08:00:00Z") && request.time < timestamp("2026-06-01T18:00:00Z")',
    aim: 1,
    ask: (index) => [{ nowMs: NOW_MS + (index % 24) * HOUR_MS }, index % 24 >= 2 && index % 24 < 12],
  },
  {
    name: 'office hours in a zone',
    source: 'request.time.getHours("Europe/Berlin") >= 8 && request.time.getHours("Europe/Berlin") < 18',
    aim: 50,
    // 06:00Z is 08:00 in Berlin.
    ask: (index) => [{ nowMs: NOW_MS + (index % 24) * HOUR_MS }, index % 24 < 10],
  },
  {
    name: `exists over ${GROUPS}`,
    source: 'context.groups.exists(group, group == "billing")',
    aim: 1,
    ask: (index) => [{ attributes: { groups: groupsOf(index) } }, index % 2 === 0],
  },
];

export const TYPICAL_CONDITIONS: readonly TypicalCondition[] = CONDITIONS.map(({ ask, ...condition }) => ({
  ...condition,
  questions: Array.from({ length: QUESTIONS }, (_, index) => {
    const [given, expected] = ask(index);
    return { input: { ...NOBODY, ...given }, expected };
  }),
}));

/** The one that is looked for stands last, or is not there. */
function groupsOf(index: number): readonly string[] {
  const groups = Array.from({ length: GROUPS - 1 }, (_, place) => `group-${index}-${place}`);
  return [...groups, index % 2 === 0 ? 'billing' : 'billings'];
}
