import { describe, expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import { decide, type Question } from './decide.ts';
import { type Grant, plainGrant } from './grant.ts';
import { compileModel, type HeldPermission } from './model.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 9);
const UNKNOWN_ADDRESS = 'The address of the caller is not known.';

function question(given: Partial<Question> = {}): Question {
  return {
    ip: '10.1.2.3',
    nowMs: NOW_MS,
    authenticationLevel: 1,
    userId: 'ada',
    permission: 'invoices:read',
    resource: 'tenant/7/project/42',
    resourceAttributes: {},
    attributes: {},
    ...given,
  };
}

const inside = compileCondition('request.ip.inCidr("10.0.0.0/8")');
const strong = compileCondition('request.authentication_level >= 2');
const known = compileCondition('context.known');
const never = compileCondition('false');
const UNKNOWN_KEY = known.evaluate(question()).why;
const held = (name: string, effect: HeldPermission['effect'], condition?: HeldPermission['condition']) => ({
  name,
  effect,
  condition,
});
const role = (id: string, ...permissions: HeldPermission[]) => ({ id, name: id, parentId: undefined, permissions });

const plain = compileModel(1n, [role('reader', held('invoices:read', 'allow'))]);
const model = compileModel(1n, [
  role('reader', held('invoices:read', 'allow')),
  role('insider', held('invoices:read', 'allow', inside)),
  role('barred', held('invoices:*', 'deny')),
  role('barred-inside', held('*:read', 'deny', inside)),
  role('barred-known', held('invoices:read', 'deny', known)),
  role('split', held('invoices:*', 'allow'), held('invoices:read', 'deny')),
  role('both', held('invoices:read', 'allow'), held('*:*', 'deny', strong)),
  role('doubtful', held('invoices:read', 'deny', inside), held('invoices:*', 'deny')),
  role('either', held('invoices:read', 'allow', strong), held('invoices:*', 'allow', inside)),
]);

const grant = (roleId: string, given: Partial<Grant> = {}): Grant => ({ ...plainGrant(roleId), ...given });
const asked = (grants: readonly Grant[], given: Partial<Question> = {}) => {
  const { isAllowed, undetermined } = decide(model, grants, question(given));
  return [isAllowed, undetermined];
};

describe('decide', () => {
  it('denies without grants, with a role that nobody knows, and for another permission', () => {
    expect(asked([])).toEqual([false, '']);
    expect(asked([grant('unknown'), grant('__proto__')])).toEqual([false, '']);
    expect(asked([grant('reader')], { permission: 'invoices:write' })).toEqual([false, '']);
  });

  it.each([
    ['everywhere', '', true],
    ['on the resource', 'tenant/7/project/42', true],
    ['on a parent', 'tenant/7', true],
    ['on a neighbour', 'tenant/70', false],
    ['on a child', 'tenant/7/project/42/page/1', false],
  ])('takes a grant %s', (_title, scope, allowed) => {
    expect(asked([grant('reader', { scope })])).toEqual([allowed, '']);
    expect(decide(plain, [grant('reader', { scope })], question()).isAllowed).toBe(allowed);
  });

  it('does not let a grant on a part answer for the whole', () => {
    expect(asked([grant('reader', { scope: 'tenant/7' })], { resource: '' })).toEqual([false, '']);
  });

  it.each([
    ['from this very moment', { validFromMs: NOW_MS }, true],
    ['from a moment later', { validFromMs: NOW_MS + 1 }, false],
    ['until this very moment', { validUntilMs: NOW_MS }, false],
    ['until a moment later', { validUntilMs: NOW_MS + 1 }, true],
  ])('takes a grant that holds %s', (_title, times, allowed) => {
    expect(asked([grant('reader', times)])).toEqual([allowed, '']);
    expect(asked([grant('reader'), grant('barred', times)])).toEqual([!allowed, '']);
  });

  it.each([
    ['first', ['barred', 'reader']],
    ['last', ['reader', 'barred']],
  ])('lets a denial beat what allows, when it comes %s', (_title, roleIds) => {
    expect(asked(roleIds.map((id) => grant(id)))).toEqual([false, '']);
  });

  it('lets a denial hold where it was granted, and as long as its conditions hold', () => {
    expect(asked([grant('reader'), grant('barred', { scope: 'tenant/8' })])).toEqual([true, '']);
    expect(asked([grant('reader'), grant('barred', { condition: never })])).toEqual([true, '']);
    expect(asked([grant('reader'), grant('barred-inside')], { ip: '192.168.1.1' })).toEqual([true, '']);
    expect(asked([grant('reader'), grant('barred-inside')])).toEqual([false, '']);
  });

  it('never allows by what it can not evaluate, and says why', () => {
    expect(asked([grant('insider')], { ip: '' })).toEqual([false, UNKNOWN_ADDRESS]);
    expect(asked([grant('reader', { condition: inside })], { ip: '' })).toEqual([false, UNKNOWN_ADDRESS]);
    expect(decide(plain, [grant('reader', { condition: inside })], question({ ip: '' })).undetermined).toBe(
      UNKNOWN_ADDRESS,
    );
  });

  it('denies by a rule that it can not evaluate, so that no address is no way around it', () => {
    expect(asked([grant('reader'), grant('barred-inside')], { ip: '' })).toEqual([false, UNKNOWN_ADDRESS]);
    expect(asked([grant('barred', { condition: inside }), grant('reader')], { ip: '' })).toEqual([
      false,
      UNKNOWN_ADDRESS,
    ]);
  });

  it('gives no reason of doubt for a denial that is certain, whatever comes first', () => {
    const grants = [grant('barred-inside'), grant('barred'), grant('reader')];
    expect(asked(grants, { ip: '' })).toEqual([false, '']);
    expect(asked(grants.toReversed(), { ip: '' })).toEqual([false, '']);
    expect(asked([grant('doubtful')], { ip: '' })).toEqual([false, '']);
  });

  it('takes no notice of what can not be evaluated where something else decides', () => {
    expect(asked([grant('insider'), grant('reader')], { ip: '' })).toEqual([true, '']);
    expect(asked([grant('reader', { condition: never })], { ip: '' })).toEqual([false, '']);
    expect(asked([grant('insider', { condition: never })], { ip: '' })).toEqual([false, '']);
    expect(asked([grant('reader'), grant('barred-inside', { condition: never })], { ip: '' })).toEqual([true, '']);
  });

  it.each<[string, readonly Grant[], string]>([
    ['nothing allows it', [grant('barred-inside')], ''],
    ['what would allow it does not hold', [grant('barred-inside'), grant('reader', { condition: never })], ''],
    ['what would allow it is denied for certain', [grant('insider'), grant('barred')], ''],
    ['what would allow it comes with a denial', [grant('split', { condition: inside })], ''],
    ['a denial has the condition of what would allow it', [grant('insider'), grant('barred-inside')], ''],
    ['it has one of the conditions', [grant('insider', { condition: known }), grant('barred-inside')], ''],
    ['it has the other one', [grant('insider', { condition: known }), grant('barred', { condition: known })], ''],
    [
      'it has both, the other way round',
      [grant('insider', { condition: known }), grant('barred-known', { condition: inside })],
      '',
    ],
    ['it has one more', [grant('insider'), grant('barred-inside', { condition: known })], UNKNOWN_KEY],
    ['it has another', [grant('insider'), grant('barred-known')], UNKNOWN_KEY],
    [
      'something else could allow it',
      [grant('insider'), grant('barred-inside'), grant('reader', { condition: known })],
      UNKNOWN_ADDRESS,
    ],
    ['something allows it', [grant('reader'), grant('barred-inside'), grant('insider')], UNKNOWN_ADDRESS],
  ])('tells of what it can not evaluate only where that could change the answer: %s', (_title, grants, why) => {
    expect(asked(grants, { ip: '' })).toEqual([false, why]);
    const [isAllowed, told] = asked(grants.toReversed(), { ip: '' });
    expect([isAllowed, told !== '']).toEqual([false, why !== '']);
  });

  it('needs the condition of the grant and that of the permission', () => {
    expect(asked([grant('insider', { condition: strong })])).toEqual([false, '']);
    expect(asked([grant('insider', { condition: strong })], { authenticationLevel: 2 })).toEqual([true, '']);
    expect(asked([grant('insider', { condition: strong })], { authenticationLevel: 2, ip: '1.1.1.1' })).toEqual([
      false,
      '',
    ]);
  });

  it('takes each rule of a role for itself', () => {
    expect(asked([grant('both')])).toEqual([true, '']);
    expect(asked([grant('both')], { authenticationLevel: 2 })).toEqual([false, '']);
    expect(asked([grant('either')])).toEqual([true, '']);
    expect(asked([grant('either')], { ip: '' })).toEqual([false, UNKNOWN_ADDRESS]);
    expect(asked([grant('either')], { ip: '', authenticationLevel: 2 })).toEqual([true, '']);
  });
});
