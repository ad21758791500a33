import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import { type AccessChange, accessChanges } from './access-changes.ts';
import { decide } from './decide.ts';
import { type Grant, plainGrant } from './grant.ts';
import { compileModel, type HeldPermission, type ModelRole, matches } from './model.ts';
import { covers } from './scope.ts';
import type { Access } from './standing.ts';

const NOW = 1_000;

/** `reader: parent ^ a:r !b:w`, where a name that is denied begins with `!`; a condition follows a `?`. */
function access(roles: Readonly<Record<string, string>>, ...grants: (Partial<Grant> & { roleId: string })[]): Access {
  const made = Object.entries(roles).map(([name, text]): ModelRole => {
    const [before = '', after] = text.split('^').map((each) => each.trim());
    const held = (after ?? before).split(' ').filter((each) => each !== '');
    const parentId = after === undefined ? undefined : before;
    return { id: name, name, parentId, permissions: held.map(heldOf) };
  });
  return { model: compileModel(1n, made), grants: grants.map((grant) => ({ ...plainGrant(''), ...grant })) };
}

function heldOf(text: string): HeldPermission {
  const [name = '', condition] = text.replace(/^!/, '').split('?');
  return {
    name,
    effect: text.startsWith('!') ? 'deny' : 'allow',
    condition: condition === undefined ? undefined : compileCondition(condition),
  };
}

const changes = (before: Access, after: Access) => [...accessChanges(before, after, NOW)].flat();
/** `tenant/7: gains a:r none>full by writer > reader`. */
const words = ({ permission, scope, kind, before, after, through, isDenial }: AccessChange) =>
  `${scope}: ${kind} ${permission} ${before}>${after} by ${through.map(({ name }) => name).join(' > ')}${isDenial ? ' (denial)' : ''}`;
const told = (before: Access, after: Access) => changes(before, after).map(words);

const STRONG = 'request.authentication_level>=2';

describe('what a user gains and loses', () => {
  const reader = { roleId: 'reader', scope: 'tenant/7' };

  it.each([
    ['nothing when nothing is other', access({ reader: 'a:r' }, reader), access({ reader: 'a:r' }, reader), []],
    [
      'what a role is given and what is taken from it',
      access({ reader: 'a:r a:w' }, reader),
      access({ reader: 'a:r b:r' }, reader),
      ['tenant/7: loses a:w full>none by reader', 'tenant/7: gains b:r none>full by reader'],
    ],
    [
      'what comes through another parent',
      access({ base: 'a:r', other: 'b:r', reader: 'base ^' }, reader),
      access({ base: 'a:r', other: 'b:r', reader: 'other ^' }, reader),
      ['tenant/7: loses a:r full>none by reader > base', 'tenant/7: gains b:r none>full by reader > other'],
    ],
    [
      'nothing when another grant holds it anyway',
      access({ reader: 'a:r', other: 'a:*' }, reader, { roleId: 'other' }),
      access({ reader: '', other: 'a:*' }, reader, { roleId: 'other' }),
      [],
    ],
    [
      'what a grant brings and takes',
      access({ reader: 'a:r', writer: 'reader ^ a:w' }, reader),
      access({ reader: 'a:r', writer: 'reader ^ a:w' }, { roleId: 'writer' }),
      [': gains a:r none>full by writer > reader', ': gains a:w none>full by writer'],
    ],
    [
      'what a role that is gone held',
      access({ reader: 'a:r' }, reader),
      access({}, reader),
      ['tenant/7: loses a:r full>none by reader'],
    ],
    [
      'a denial that begins, and its end',
      access({ reader: 'a:r !b:r', all: '*:*' }, reader, { roleId: 'all' }),
      access({ reader: '!a:r', all: '*:*' }, reader, { roleId: 'all' }),
      ['tenant/7: loses a:r full>none by reader (denial)', 'tenant/7: gains b:r none>full by reader (denial)'],
    ],
    [
      'a denial that ends, where something below allows',
      access({ deny: '!a:r', reader: 'a:r' }, { roleId: 'deny' }, reader),
      access({ deny: '', reader: 'a:r' }, { roleId: 'deny' }, reader),
      ['tenant/7: gains a:r none>full by deny (denial)'],
    ],
    [
      'a wildcard, and under it what is named more narrowly',
      access({ reader: 'a:r', limit: '!a:d' }, reader, { roleId: 'limit' }),
      access({ reader: 'a:*', limit: '!a:d' }, reader, { roleId: 'limit' }),
      ['tenant/7: gains a:* none>full by reader'],
    ],
    [
      'what two wildcards have in common',
      access({ reader: '', limit: `*:r?${STRONG}` }, reader, { roleId: 'limit' }),
      access({ reader: 'a:*', limit: `*:r?${STRONG}` }, reader, { roleId: 'limit' }),
      ['tenant/7: gains a:* none>full by reader', 'tenant/7: gains a:r limited>full by reader'],
    ],
    [
      'conditions that come, go and change',
      access({ reader: `a:r b:r?${STRONG} c:r?${STRONG}` }, reader),
      access({ reader: `a:r?${STRONG} b:r c:r?context.a==1` }, reader),
      [
        'tenant/7: loses a:r full>limited by reader',
        'tenant/7: gains b:r limited>full by reader',
        'tenant/7: alters c:r limited>limited by reader',
      ],
    ],
    [
      'a condition of a denial that comes, changes and goes',
      access({ reader: 'a:r b:r c:r', limit: `!a:r !b:r?${STRONG} !c:r?${STRONG}` }, reader, { roleId: 'limit' }),
      access({ reader: 'a:r b:r c:r', limit: `!a:r?${STRONG} !b:r?context.a==1 !c:r` }, reader, { roleId: 'limit' }),
      [
        'tenant/7: gains a:r none>limited by limit (denial)',
        'tenant/7: alters b:r limited>limited by limit (denial)',
        'tenant/7: loses c:r limited>none by limit (denial)',
      ],
    ],
    [
      'nothing of what the same terms deny',
      access({ reader: `a:r?${STRONG}`, limit: `!a:r?${STRONG}` }, reader, { roleId: 'limit' }),
      access({ reader: '', limit: `!a:r?${STRONG}` }, reader, { roleId: 'limit' }),
      [],
    ],
    [
      'times that change',
      access({ reader: 'a:r' }, { ...reader, validUntilMs: 5_000 }),
      access({ reader: 'a:r' }, { ...reader, validUntilMs: 9_000 }),
      ['tenant/7: alters a:r limited>limited by reader'],
    ],
    [
      'nothing twice in a scope and below it',
      access({ reader: '' }, { roleId: 'reader' }, reader),
      access({ reader: 'a:r' }, { roleId: 'reader' }, reader),
      [': gains a:r none>full by reader'],
    ],
  ])('%s', (_title, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});

describe('against the decisions', () => {
  const NAMES = ['a:r', 'a:w', 'b:r', 'b:w', 'a:*', 'b:*', '*:r', '*:*'];
  const RESOURCES = ['', 't/1', 't/1/p/1', 't/1/p/2', 't/2', 'x/9'];
  const ROLES = ['r0', 'r1', 'r2', 'r3'];
  const held = fc.record({
    name: fc.constantFrom(...NAMES),
    effect: fc.constantFrom('allow', 'allow', 'allow', 'deny' as const),
    condition: fc.constant(undefined),
  }) as fc.Arbitrary<HeldPermission>;
  const model = fc
    .tuple(
      ...ROLES.map(() => fc.tuple(fc.uniqueArray(held, { selector: ({ name }) => name, maxLength: 3 }), fc.nat(3))),
    )
    .map((roles) =>
      compileModel(
        1n,
        roles.map(([permissions, up], index) => {
          const name = ROLES[index] ?? '';
          return { id: name, name, parentId: up < index ? ROLES[up] : undefined, permissions };
        }),
      ),
    );
  const grants = fc
    .uniqueArray(fc.tuple(fc.constantFrom(...ROLES), fc.constantFrom('', 't/1', 't/1/p/1', 't/2')), {
      selector: (each) => each.join(' '),
      maxLength: 4,
    })
    .map((all) => all.map(([roleId, scope]) => ({ ...plainGrant(roleId), scope })));
  const ask = ({ model: of, grants: by }: Access, permission: string, resource: string) =>
    decide(of, by, {
      userId: 'u',
      permission,
      resource,
      ip: '',
      authenticationLevel: 0,
      resourceAttributes: {},
      attributes: {},
      nowMs: NOW,
    }).isAllowed;

  it('tells every difference, and nothing that is none', () => {
    fc.assert(
      fc.property(model, model, grants, grants, fc.boolean(), (one, other, granted, later, sameGrants) => {
        const before = { model: one, grants: granted };
        const after = { model: other, grants: sameGrants ? granted : later };
        const found = changes(before, after);
        for (const { permission, scope, kind, through } of found) {
          const name = permission.replace('*:', 'zz:').replace(':*', ':zz');
          expect([ask(before, name, scope), ask(after, name, scope)]).toEqual([kind === 'loses', kind === 'gains']);
          expect(through.length).toBeGreaterThan(0);
        }
        for (const permission of ['a:r', 'a:w', 'b:r', 'b:w', 'c:r', 'c:c']) {
          for (const resource of RESOURCES) {
            const [was, is] = [ask(before, permission, resource), ask(after, permission, resource)];
            if (was === is) continue;
            const isTold = found.some(
              (each) =>
                matches(each.permission, permission) &&
                covers(each.scope, resource) &&
                each.kind === (is ? 'gains' : 'loses'),
            );
            expect(isTold, `${permission} on ${resource}`).toBe(true);
          }
        }
      }),
      propertyRuns(3_000),
    );
  });
});
