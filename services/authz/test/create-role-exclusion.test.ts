import { randomUUID } from 'node:crypto';
import { waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { type Fixture, openAs, rowsOf, startFixture, traced } from './fixture.ts';
import { endGrant, makeGrant, mismatch } from './grants.ts';
import { modelRevision, ordered } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const exclude = (roleId: string, excludedRoleId: string, context = {}, mustMatchRevision?: bigint) =>
  fixture.model.createRoleExclusion({ roleId, excludedRoleId, reason: 'Two hands', mustMatchRevision }, context);
const twoRoles = async () => [await fixture.role(), await fixture.role()] as const;
const EXCLUDED = { kind: 'precondition', reason: 'ROLES_EXCLUDED' };
const breached = (users: number) => ({
  kind: 'precondition',
  reason: 'EXCLUSION_BREACHED',
  metadata: { users: String(users) },
});

describe('creating an exclusion', () => {
  it('stores it once, whatever the order of the roles, and keeps one user from holding both', async () => {
    const [one, other] = await twoRoles();
    const { exclusion, revision, consistencyToken } = await exclude(other, one);
    expect(exclusion).toEqual({
      ...ordered(one, other),
      reason: 'Two hands',
      createdAt: expect.any(Date),
      createdBy: '',
    });
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    for (const [a, b] of [
      [one, other],
      [other, one],
    ] as const) {
      await expect(exclude(a, b)).rejects.toMatchObject({ kind: 'taken', reason: 'EXCLUSION_EXISTS' });
    }
    const userId = randomUUID();
    await fixture.grant(userId, one);
    await expect(fixture.grant(userId, other)).rejects.toMatchObject(EXCLUDED);
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_exclusion_created_total');
    const [one, other] = await twoRoles();
    await exclude(one, other, context);
    const { roleId, excludedRoleId } = ordered(one, other);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role_exclusion.created',
        attributes: { role_id: roleId, excluded_role_id: excludedRoleId, reason: 'Two hands' },
      }),
    ]);
    expect(await fixture.metric('authz_role_exclusion_created_total')).toBe(before + 1);
  });

  it('refuses while users hold both, through descendants too, and says how many', async () => {
    const [one, other] = await twoRoles();
    const below = await fixture.role({ parentRoleId: await fixture.role({ parentRoleId: other }) });
    for (const roleId of [other, below]) {
      const { userId } = await makeGrant(fixture, { roleId: one, scope: 'tenant/1' });
      await makeGrant(fixture, { userId, roleId, requiresApproval: true });
    }
    const { userId } = await makeGrant(fixture, { roleId: one });
    const ended = await makeGrant(fixture, { userId, roleId: other });
    await endGrant(fixture, ended);
    await expect(exclude(one, other)).rejects.toMatchObject(breached(2));
    expect(await fixture.rows('select from authz.role_exclusions where role_id = $1', [one])).toEqual([]);
  });

  it('refuses a role and itself or an ancestor, in either order', async () => {
    const top = await fixture.role();
    const bottom = await fixture.role({ parentRoleId: await fixture.role({ parentRoleId: top }) });
    for (const [one, other] of [
      [top, top],
      [top, bottom],
      [bottom, top],
    ] as const) {
      await expect(exclude(one, other)).rejects.toMatchObject({ kind: 'precondition', reason: 'EXCLUSION_IMPOSSIBLE' });
    }
  });

  it('takes two roles below the same parent', async () => {
    const parentRoleId = await fixture.role();
    await exclude(await fixture.role({ parentRoleId }), await fixture.role({ parentRoleId }));
  });

  it('refuses a role that is not there', async () => {
    for (const [one, other] of [
      [await fixture.role(), randomUUID()],
      [randomUUID(), await fixture.role()],
    ] as const) {
      await expect(exclude(one, other)).rejects.toMatchObject({ kind: 'missing', reason: 'ROLE_NOT_FOUND' });
    }
  });

  it('is done only on the revision that it is based on', async () => {
    const [one, other] = await twoRoles();
    const revision = await modelRevision(fixture);
    const refusal = mismatch(revision - 1n, revision);
    await expect(exclude(one, other, {}, revision - 1n)).rejects.toMatchObject(refusal);
    expect((await exclude(one, other, {}, revision)).revision).toBe(revision + 1n);
  });

  it('sees a grant that is being made: it waits for it, and is refused', async () => {
    const [one, other] = await twoRoles();
    const { userId } = await makeGrant(fixture, { roleId: one });
    const admin = openAs(fixture.service.database.adminUrl);
    try {
      await admin
        .transaction(async (tx) => {
          await rowsOf(tx, 'select from authz.roles where id = $1 for key share', [other]);
          await rowsOf(
            tx,
            `insert into authz.role_grants (user_id, id, role_id, granted_at)
           values ($1, gen_random_uuid(), $2, now())`,
            [userId, other],
          );
          const refused = expect(exclude(one, other)).rejects.toMatchObject(breached(1));
          await waitsForALock('recursive subtree');
          // Only the end of this transaction lets it go on.
          return { refused };
        })
        .then(({ refused }) => refused);
    } finally {
      await admin.close();
    }
  });

  it('is seen by a grant that waits for it', async () => {
    const [one, other] = await twoRoles();
    const { userId } = await makeGrant(fixture, { roleId: one });
    const admin = openAs(fixture.service.database.adminUrl);
    try {
      await admin
        .transaction(async (tx) => {
          await rowsOf(tx, 'select from authz.roles where id = any($1::uuid[]) order by id for update', [[one, other]]);
          const { roleId, excludedRoleId } = ordered(one, other);
          await rowsOf(
            tx,
            'insert into authz.role_exclusions (role_id, excluded_role_id, created_at) values ($1, $2, now())',
            [roleId, excludedRoleId],
          );
          const refused = expect(fixture.grant(userId, other)).rejects.toMatchObject(EXCLUDED);
          await waitsForALock('recursive lineage');
          return { refused };
        })
        .then(({ refused }) => refused);
    } finally {
      await admin.close();
    }
  });

  it('never leaves a user with both, when it is made while the second role is granted', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [one, other] = await twoRoles();
        const below = await fixture.role({ parentRoleId: other });
        const { userId } = await makeGrant(fixture, { roleId: one });
        const answers = await Promise.allSettled([exclude(one, other), fixture.grant(userId, below)]);
        const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
        expect(['EXCLUSION_BREACHED', 'ROLES_EXCLUDED']).toEqual(expect.arrayContaining(refusals));
        expect(refusals).toHaveLength(1);
      }),
    );
  });

  it.each([
    ['role_id', { roleId: '' }],
    ['role_id', { roleId: 'admin' }],
    ['excluded_role_id', { excludedRoleId: '' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { roleId: randomUUID(), excludedRoleId: randomUUID(), reason: '', ...change };
    await expect(fixture.model.createRoleExclusion(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});

/** Waits until a statement that holds the text waits for a lock. */
async function waitsForALock(text: string): Promise<void> {
  await waitFor(async () => {
    const waiting = await fixture.rows(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
      [`%${text}%`],
    );
    return waiting.length > 0;
  });
}
