import { describe, expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import type { Question } from './decide.ts';
import { explain } from './explain.ts';
import { toSentences } from './explain-sentences.ts';
import type { NamedGrant } from './explanation.ts';
import { plainGrant } from './grant.ts';
import { compileModel } from './model.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 9);
const HOUR_MS = 3_600_000;
const strong = compileCondition('request.authentication_level >= 2');
const inside = compileCondition('request.ip.inCidr("10.0.0.0/8")');

const model = compileModel(1n, [
  {
    id: 'viewer',
    name: 'viewer',
    parentId: undefined,
    permissions: [{ name: 'invoices:*', effect: 'allow', condition: inside }],
  },
  {
    id: 'accountant',
    name: 'accountant',
    parentId: 'viewer',
    permissions: [{ name: 'payroll:read', effect: 'deny', condition: undefined }],
  },
  {
    id: 'barred',
    name: 'barred',
    parentId: undefined,
    permissions: [{ name: 'payroll:read', effect: 'deny', condition: inside }],
  },
  {
    id: 'clerk',
    name: 'clerk',
    parentId: undefined,
    permissions: [{ name: 'payroll:read', effect: 'allow', condition: undefined }],
  },
]);

const question: Question = {
  ip: '10.1.2.3',
  nowMs: NOW_MS,
  authenticationLevel: 1,
  userId: 'ada',
  permission: 'invoices:read',
  resource: 'tenant/7',
  resourceAttributes: {},
  attributes: {},
};
const grant = (id: string, roleId: string, given: Partial<NamedGrant> = {}): NamedGrant => ({
  ...plainGrant(roleId),
  id,
  ...given,
});
const told = (grants: readonly NamedGrant[], given: Partial<Question> = {}) => {
  const asked = { ...question, ...given };
  const names = { role: (id: string) => id, grant: (id: string) => id };
  return toSentences(explain(model, grants, asked), asked, names);
};

describe('explain', () => {
  it('shows the grant, the path of roles, the name as it is held, and the conditions with their facts', () => {
    const grants = [grant('1', 'clerk'), grant('2', 'accountant', { scope: 'tenant/7' })];
    expect(explain(model, grants, question)).toEqual({
      kind: 'allowed',
      isAllowed: true,
      undetermined: '',
      evidence: {
        grant: grants[1],
        standing: 'in_force',
        isInScope: true,
        path: ['accountant', 'viewer'],
        heldName: 'invoices:*',
        effect: 'allow',
        conditions: [
          {
            of: 'permission',
            source: inside.source,
            outcome: 'true',
            why: '',
            facts: [{ name: 'request.ip', value: '"10.1.2.3"' }],
          },
        ],
      },
    });
  });

  it('names the nearest miss: a condition, then what is not in force, then another scope', () => {
    const misses = [
      grant('elsewhere', 'accountant', { scope: 'tenant/8' }),
      grant('expired', 'accountant', { validUntilMs: NOW_MS }),
      grant('later', 'accountant', { validFromMs: NOW_MS + HOUR_MS }),
      grant('pending', 'accountant', { status: 'pending' }),
      grant('suspended', 'accountant', { status: 'suspended' }),
      grant('weak', 'accountant', { condition: strong }),
      grant('doubtful', 'accountant', { condition: compileCondition('context.approved') }),
    ];
    const found = misses.map((_, index) => {
      const { kind, evidence } = explain(model, misses.slice(0, index + 1), question);
      return [kind, evidence?.grant.id];
    });
    expect(found).toEqual([
      ['out_of_scope', 'elsewhere'],
      ['not_in_force', 'expired'],
      ['not_in_force', 'later'],
      ['not_in_force', 'pending'],
      ['not_in_force', 'suspended'],
      ['condition', 'weak'],
      ['condition', 'doubtful'],
    ]);
  });

  it('calls a grant that is suspended and has expired expired', () => {
    const both = grant('1', 'accountant', { status: 'suspended', validUntilMs: NOW_MS });
    expect(explain(model, [both], question).evidence?.standing).toBe('expired');
  });
});

describe('its sentences', () => {
  it.each([
    [
      'an approval',
      [grant('1', 'accountant', { scope: 'tenant/7', condition: strong })],
      { authenticationLevel: 2 },
      [
        'Allowed: invoices:read on tenant/7.',
        'The grant 1 gives accountant on tenant/7, and viewer (accountant > viewer) allows invoices:*.',
        'The condition of the grant, request.authentication_level >= 2, is true. It looked at request.authentication_level = 2.',
        'The condition of the permission, request.ip.inCidr("10.0.0.0/8"), is true. It looked at request.ip = "10.1.2.3".',
      ],
    ],
    [
      'a denial',
      [grant('1', 'clerk'), grant('2', 'accountant')],
      { permission: 'payroll:read', resource: '' },
      [
        'Denied: payroll:read, by a rule that denies it.',
        'The grant 2 gives accountant everywhere, and accountant denies payroll:read.',
      ],
    ],
    [
      'a denial under a condition of its own',
      [grant('1', 'clerk'), grant('2', 'barred')],
      { permission: 'payroll:read' },
      [
        'Denied: payroll:read on tenant/7, by a rule that denies it.',
        'The grant 2 gives barred everywhere, and barred denies payroll:read.',
        'The condition of the denial, request.ip.inCidr("10.0.0.0/8"), is true. It looked at request.ip = "10.1.2.3".',
      ],
    ],
    [
      'a denial in doubt',
      [grant('1', 'clerk'), grant('2', 'accountant', { condition: inside })],
      { permission: 'payroll:read', ip: '' },
      [
        'Denied: payroll:read on tenant/7, by a rule that could not be ruled out.',
        'The grant 2 gives accountant everywhere, and accountant denies payroll:read.',
        'The condition of the grant, request.ip.inCidr("10.0.0.0/8"), could not be evaluated: The address of the caller is not known. It looked at request.ip = "".',
      ],
    ],
    [
      'a denial that comes with all that could allow it',
      [grant('1', 'clerk', { condition: inside }), grant('2', 'accountant', { condition: inside })],
      { permission: 'payroll:read', ip: '' },
      [
        'Denied: payroll:read on tenant/7, by a rule that denies it whenever another allows it.',
        'The grant 2 gives accountant everywhere, and accountant denies payroll:read.',
        'The condition of the grant, request.ip.inCidr("10.0.0.0/8"), could not be evaluated: The address of the caller is not known. It looked at request.ip = "".',
      ],
    ],
    [
      'what lacks where nothing could allow it, whatever may deny it',
      [grant('1', 'clerk', { scope: 'tenant/8' }), grant('2', 'accountant', { condition: inside })],
      { permission: 'payroll:read', ip: '' },
      [
        'Denied: payroll:read on tenant/7. The grant 1 is for tenant/8 only.',
        'The grant 1 gives clerk on tenant/8, and clerk allows payroll:read.',
      ],
    ],
    [
      'a condition',
      [grant('1', 'clerk', { condition: strong })],
      { permission: 'payroll:read' },
      [
        'Denied: payroll:read on tenant/7. A condition does not hold.',
        'The grant 1 gives clerk everywhere, and clerk allows payroll:read.',
        'The condition of the grant, request.authentication_level >= 2, is false. It looked at request.authentication_level = 1.',
      ],
    ],
    [
      'a scope',
      [grant('1', 'clerk', { scope: 'tenant/8' })],
      { permission: 'payroll:read' },
      [
        'Denied: payroll:read on tenant/7. The grant 1 is for tenant/8 only.',
        'The grant 1 gives clerk on tenant/8, and clerk allows payroll:read.',
      ],
    ],
    ['nothing', [grant('1', 'clerk')], {}, ['Denied: invoices:read on tenant/7. No role that was granted holds it.']],
  ])('say %s', (_title, grants, given, sentences) => {
    expect(told(grants, given)).toEqual(sentences);
  });

  it.each([
    [{ status: 'pending' as const }, 'The grant 1 waits for approval.'],
    [{ status: 'suspended' as const }, 'The grant 1 is suspended.'],
    [{ validFromMs: NOW_MS + HOUR_MS }, 'The grant 1 begins at 2026-03-01T10:00:00.000Z.'],
    [{ validUntilMs: NOW_MS }, 'The grant 1 ended at 2026-03-01T09:00:00.000Z.'],
  ])('say how a grant stands: %j', (given, sentence) => {
    const [first] = told([grant('1', 'clerk', given)], { permission: 'payroll:read' });
    expect(first).toBe(`Denied: payroll:read on tenant/7. ${sentence}`);
  });
});
