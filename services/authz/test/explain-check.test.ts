import { randomUUID } from 'node:crypto';
import {
  AuthzServiceService,
  Decision,
  ExplanationKind,
  type GrantRoleRequest,
  GrantStanding,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Client } from '@gatehouse/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { ALWAYS, type Fixture, permission, startFixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const item = (userId: string, name: string, resource = '') => ({
  userId,
  permission: name,
  resource,
  context: undefined,
});
const explain = (...asked: Parameters<typeof item>) => fixture.operator.explainCheck({ item: item(...asked) });
const grant = (userId: string, roleId: string, change: Partial<GrantRoleRequest> = {}) =>
  fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, ...change });

describe('an explanation', () => {
  it('of what is allowed names the grant, the path of roles, the permission as it is held, and the revisions', async () => {
    const top = await fixture.role({ name: 'explained-top', permissions: ['explained:*'] });
    const below = await fixture.role({ name: 'explained-below', parentRoleId: top });
    const userId = randomUUID();
    const granted = await grant(userId, below, { scope: 'tenant/7' });
    const answer = await explain(userId, 'explained:read', 'tenant/7/project/42');
    const { modelRevision, user } = parseToken(granted.consistencyToken);
    expect(answer).toEqual({
      decision: Decision.DECISION_ALLOWED,
      undetermined: '',
      kind: ExplanationKind.EXPLANATION_KIND_ALLOWED,
      evidence: {
        grantId: granted.grant?.grantId,
        standing: GrantStanding.GRANT_STANDING_IN_FORCE,
        scope: 'tenant/7',
        isInScope: true,
        path: [
          { roleId: below, name: 'explained-below' },
          { roleId: top, name: 'explained-top' },
        ],
        heldPermission: 'explained:*',
        isDenied: false,
        conditions: [],
      },
      sentences: [
        'Allowed: explained:read on tenant/7/project/42.',
        `The grant ${granted.grant?.grantId} gives explained-below on tenant/7, and explained-top (explained-below > explained-top) allows explained:*.`,
      ],
      modelRevision,
      userRevision: user?.revision,
      decidedAt: expect.any(Date),
    });
  });

  it('shows a condition with what it looked at', async () => {
    const userId = randomUUID();
    const condition = 'resource.owner == request.user_id && request.authentication_level >= 2';
    await grant(userId, await fixture.role({ permissions: ['explained:edit'] }), { condition });
    const context = { ip: '', authenticationLevel: 1, resourceAttributes: { owner: userId }, attributes: undefined };
    const { decision, kind, evidence } = await fixture.operator.explainCheck({
      item: { ...item(userId, 'explained:edit'), context },
    });
    expect({ decision, kind }).toEqual({
      decision: Decision.DECISION_DENIED,
      kind: ExplanationKind.EXPLANATION_KIND_CONDITION,
    });
    expect(evidence?.conditions).toEqual([
      {
        condition,
        isOfGrant: true,
        holds: false,
        undetermined: '',
        facts: expect.arrayContaining([
          { name: 'resource.owner', value: JSON.stringify(userId) },
          { name: 'request.authentication_level', value: '1' },
        ]),
      },
    ]);
    const blind = await explain(userId, 'explained:edit');
    expect(blind).toMatchObject({ kind: ExplanationKind.EXPLANATION_KIND_CONDITION, undetermined: /./ });
  });

  it.each([
    ['denied by a role', {}, 'explained:purge', '', ExplanationKind.EXPLANATION_KIND_DENIED],
    [
      'not begun',
      { validFrom: new Date(Date.now() + 3_600_000) },
      'explained:list',
      '',
      ExplanationKind.EXPLANATION_KIND_NOT_IN_FORCE,
    ],
    ['elsewhere', { scope: 'tenant/8' }, 'explained:list', 'tenant/7', ExplanationKind.EXPLANATION_KIND_OUT_OF_SCOPE],
    ['not held', {}, 'unheard:of', '', ExplanationKind.EXPLANATION_KIND_NOT_HELD],
  ] as const)('tells what is %s', async (_, change, name, resource, kind) => {
    for (const each of ['explained:purge', 'explained:list']) {
      await fixture.operator.createPermission(permission(each)).catch(() => {});
    }
    const { role } = await fixture.operator.createRole({
      name: `explained-${randomUUID()}`,
      description: '',
      parentRoleId: '',
      permissions: ['explained:list'],
      denialConditions: [],
      deniedPermissions: ['explained:purge'],
    });
    const userId = randomUUID();
    await grant(userId, role?.roleId ?? '', change);
    const answer = await explain(userId, name, resource);
    expect(answer).toMatchObject({ decision: Decision.DECISION_DENIED, kind });
    expect(answer.sentences[0]).toMatch(/^Denied: /);
  });

  it('shows a denial with the condition of its own, and says whether it is in doubt', async () => {
    const condition = '!request.ip.inCidr("10.0.0.0/8")';
    const name = `sealed-${randomUUID()}:open`;
    await fixture.operator.createPermission({ ...permission(name), condition: 'request.authentication_level >= 0' });
    const made = { description: '', parentRoleId: '', permissions: [] };
    const { role } = await fixture.operator.createRole({
      ...made,
      name: `sealing-${randomUUID()}`,
      deniedPermissions: [name],
      denialConditions: [{ permission: name, condition }],
    });
    const userId = randomUUID();
    await grant(userId, role?.roleId ?? '', {});
    // Nothing allows it: what a denial comes to is of no interest.
    expect(await explain(userId, name)).toMatchObject({
      kind: ExplanationKind.EXPLANATION_KIND_NOT_HELD,
      undetermined: '',
    });
    await grant(userId, await fixture.role({ permissions: ['*:*'] }), {});
    const outside = { ip: '11.1.2.3', authenticationLevel: 1, resourceAttributes: undefined, attributes: undefined };
    const certain = await fixture.operator.explainCheck({ item: { ...item(userId, name), context: outside } });
    const shown = { condition, isOfGrant: false, facts: [{ name: 'request.ip', value: '"11.1.2.3"' }] };
    expect(certain).toMatchObject({
      kind: ExplanationKind.EXPLANATION_KIND_DENIED,
      undetermined: '',
      evidence: { isDenied: true, conditions: [{ ...shown, holds: true }] },
    });
    expect(certain.sentences.at(-1)).toBe(
      `The condition of the denial, ${condition}, is true. It looked at request.ip = "11.1.2.3".`,
    );
    expect(await explain(userId, name)).toMatchObject({
      kind: ExplanationKind.EXPLANATION_KIND_DENIED,
      undetermined: 'The address of the caller is not known.',
      evidence: { isDenied: true, conditions: [{ condition, holds: false }] },
    });
  });

  it('tells of a grant that is suspended, and of one that has ended', async () => {
    const roleId = await fixture.role({ permissions: ['explained:read'] });
    const [suspended, ended] = [randomUUID(), randomUUID()];
    const insert = (userId: string, status: string, until: string) =>
      fixture.rows(
        `insert into authz.role_grants (user_id, id, role_id, granted_at, status, valid_until)
         values ($1, gen_random_uuid(), $2, now(), $3, now() + $4::interval)`,
        [userId, roleId, status, until],
      );
    await insert(suspended, 'suspended', '1 hour');
    await insert(ended, 'active', '-1 hour');
    for (const [userId, standing] of [
      [suspended, GrantStanding.GRANT_STANDING_SUSPENDED],
      [ended, GrantStanding.GRANT_STANDING_EXPIRED],
    ] as const) {
      const { kind, evidence } = await explain(userId, 'explained:read');
      expect(kind).toBe(ExplanationKind.EXPLANATION_KIND_NOT_IN_FORCE);
      expect(evidence?.standing).toBe(standing);
    }
  });

  it.each([
    ['item', undefined],
    ['item.user_id', item('ada', 'a:b')],
    ['item.permission', item(randomUUID(), 'a:*')],
  ])('is refused with the field %s', async (field, asked) => {
    await expect(fixture.operator.explainCheck({ item: asked })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });

  it('is for operators, and for applications with a user who may ask', async () => {
    const ask = (client: Client<typeof AuthzServiceService>) =>
      client.explainCheck({ item: item(randomUUID(), 'a:b') });
    await expect(ask(fixture.service.connectAs('app/shop', AuthzServiceService))).rejects.toMatchObject({
      reason: 'ACTING_USER_REQUIRED',
    });
    await expect(ask(fixture.service.connectAs('edge/envoy', AuthzServiceService))).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('answers UNAVAILABLE while Postgres is out of reach', async () => {
    const env = { GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' };
    const { database, redis } = fixture.service;
    const cutOff = await startFixture({ env, database, redis, instance: 'cut-off' });
    try {
      const asked = cutOff.operator.explainCheck({ item: item(randomUUID(), 'a:b') });
      await expect(asked).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    } finally {
      await cutOff.stop();
    }
  });
});
