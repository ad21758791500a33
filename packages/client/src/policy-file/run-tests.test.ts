import { expect, it } from 'vitest';
import { parsePolicy, runTests } from './index.ts';

const POLICY = `version: 1
permissions:
  invoices:read:
  invoices:approve: { condition: request.authentication_level >= 2 }
roles:
  viewer: { permissions: [invoices:read] }
  accountant: { parent: viewer, permissions: [invoices:approve] }
tests:
  - name: approval
    now: 2026-03-01T09:00:00Z
    grants:
      - { user: ada, role: accountant, scope: tenant/7 }
      - { user: bob, role: accountant, scope: tenant/7, valid_until: 2026-03-01T09:00:00Z }
    checks:
      - { user: ada, permission: invoices:read, resource: tenant/7, expect: EXPECT }
      - { user: ada, permission: invoices:read, resource: tenant/8, expect: denied }
      - { user: ada, permission: invoices:approve, resource: tenant/7, expect: denied }
      - { user: bob, permission: invoices:read, resource: tenant/7, expect: denied }
      - { user: eve, permission: invoices:read, resource: tenant/7, expect: denied }
`;

function report(text: string) {
  const { policy, problems } = parsePolicy(text);
  if (!policy) throw new Error(JSON.stringify(problems));
  return runTests(policy);
}

it('makes each check with the grants of its user', () => {
  expect(report(POLICY.replace('EXPECT', 'allowed'))).toEqual({ passed: 5, failed: [] });
});

it('says of a check that fails where it is, what was expected, what came, and why', () => {
  const { passed, failed } = report(POLICY.replace('EXPECT', 'denied'));
  expect(passed).toBe(4);
  expect(failed).toMatchObject([
    {
      test: 'approval',
      place: { line: 15, column: 9 },
      expected: 'denied',
      explanation: { kind: 'allowed', evidence: { path: ['accountant', 'viewer'] } },
      sentences: [
        'Allowed: invoices:read on tenant/7.',
        'The grant 1 gives accountant on tenant/7, and viewer (accountant > viewer) allows invoices:read.',
      ],
    },
  ]);
});

it('says of a denial what lacked', () => {
  const lenient = POLICY.replace('EXPECT', 'allowed').replaceAll('denied', 'allowed');
  expect(report(lenient).failed.map(({ explanation, sentences }) => [explanation?.kind, sentences[0]])).toEqual([
    ['out_of_scope', 'Denied: invoices:read on tenant/8. The grant 1 is for tenant/7 only.'],
    ['condition', 'Denied: invoices:approve on tenant/7. A condition does not hold.'],
    ['not_in_force', 'Denied: invoices:read on tenant/7. The grant 2 ended at 2026-03-01T09:00:00.000Z.'],
    ['not_held', 'Denied: invoices:read on tenant/7. No role that was granted holds it.'],
  ]);
});

it('fails a check that a service would refuse to decide, whatever is expected, and says why', () => {
  const numbers = Array.from({ length: 180 }, (_, index) => index);
  const grants = Array.from({ length: 11 }, (_, index) => {
    const condition = `context.numbers.exists(x, context.numbers.exists(y, x + y == -${index + 1}.0))`;
    return `      - { user: ada, role: viewer, condition: "${condition}" }`;
  });
  const policy = (held: readonly string[]) => `version: 1
permissions: { invoices:read: }
roles: { viewer: { permissions: [invoices:read] } }
tests:
  - name: long conditions
    grants:
${held.join('\n')}
    checks:
      - { user: ada, permission: invoices:read, expect: denied, context: { attributes: { numbers: [${numbers}] } } }
`;
  expect(report(policy(grants.slice(1)))).toEqual({ passed: 1, failed: [] });
  const { passed, failed } = report(policy(grants));
  expect(passed).toBe(0);
  expect(failed).toMatchObject([
    { explanation: undefined, sentences: [expect.stringMatching(/^Refused: invoices:read\. .* 1,000,000 steps/)] },
  ]);
});
