import { expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import { type Grant, plainGrant } from './grant.ts';
import { heldScopes } from './held-scopes.ts';
import { compileModel, type HeldPermission } from './model.ts';
import { QuestionMeter } from './question-meter.ts';

const owned = compileCondition('resource.owner == request.user_id');
const held = (name: string, effect: HeldPermission['effect'], condition?: HeldPermission['condition']) => ({
  name,
  effect,
  condition,
});
const role = (id: string, ...permissions: HeldPermission[]) => ({ id, name: id, parentId: undefined, permissions });
const model = compileModel(1n, [
  role('reader', held('a:r', 'allow')),
  role('owner', held('a:r', 'allow', owned)),
  role('barred', held('a:r', 'deny')),
  role('barred-own', held('a:*', 'deny', owned)),
  role('split', held('a:*', 'allow'), held('a:r', 'deny')),
]);
const grant = (roleId: string, scope = '', condition: Grant['condition'] = undefined): Grant => ({
  ...plainGrant(roleId),
  scope,
  condition,
});

it.each<[string, readonly Grant[], readonly string[]]>([
  ['the end of what is allowed above', [grant('reader'), grant('barred', 't/1')], [' allowed', 't/1 denied']],
  [
    'a denial that depends on the resource',
    [grant('reader'), grant('barred-own', 't/1')],
    [' allowed', 't/1 undetermined'],
  ],
  ['no denial in doubt where nothing allows', [grant('barred-own', 't/1')], []],
  ['no doubt that a denial makes up for', [grant('owner', 't/1'), grant('barred-own', 't/1')], []],
  ['no doubt in a grant whose role denies as well', [grant('split', 't/1', owned)], []],
  ['what may be allowed', [grant('owner', 't/1'), grant('barred-own', 't/2')], ['t/1 undetermined']],
])('the scopes on which the answer changes tell of %s', async (_title, grants, expected) => {
  const question = { userId: 'ada', permission: 'a:r', ip: '', authenticationLevel: 0, attributes: {}, nowMs: 0 };
  const { signal } = new AbortController();
  const changes: string[] = [];
  for await (const { scope, holds, isChange } of heldScopes(model, grants, question, QuestionMeter.atOnce(), signal)) {
    if (isChange) changes.push(`${scope} ${holds}`);
  }
  expect(changes).toEqual(expected);
});
