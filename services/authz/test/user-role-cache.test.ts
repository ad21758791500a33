import { randomUUID } from 'node:crypto';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { run, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRefreshingUserRoleCache } from '../src/jobs/refresh-user-role-cache.ts';
import { refreshUserRoleCache } from '../src/store/user-role-cache.ts';
import { ALWAYS, type Fixture, startFixture } from './fixture.ts';
import { endGrant, makeGrant } from './grants.ts';

interface Row {
  readonly user_id: string;
  readonly role_names: string[];
  readonly permission_names: string[];
  readonly resource_actions: string[];
  readonly role_count: number;
  readonly permission_count: number;
  readonly cache_updated_at: Date;
}

let fixture: Fixture;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  fixture = await startFixture();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => fixture?.stop());

const refresh = (maxAgeSeconds = 0) =>
  withDatabase(fixture.service.database.url, (db) => refreshUserRoleCache(db, maxAgeSeconds));
const rowOf = async (userId: string) => {
  const rows = await fixture.rows<Row>('select * from authz.user_role_cache where user_id = $1', [userId]);
  return rows[0];
};
const denying = async (name: string, permissions: string[], deniedPermissions: string[], parentRoleId = '') => {
  await fixture.role({ permissions: [...permissions, ...deniedPermissions] });
  const request = { name, description: '', parentRoleId, permissions, denialConditions: [], deniedPermissions };
  return (await fixture.operator.createRole(request)).role?.roleId ?? '';
};

describe('user_role_cache', () => {
  it('holds what roles and their ancestors allow, and what is left of it by what they deny', async () => {
    const above = await fixture.role({ name: 'reader', permissions: ['books:read', 'shelves:*'] });
    const below = await denying('editor', ['books:write', 'secrets:read'], ['secrets:*', 'books:burn'], above);
    const userId = randomUUID();
    await fixture.grant(userId, below);
    const other = await fixture.role({ name: 'burner', permissions: ['books:burn'] });
    await makeGrant(fixture, { userId, roleId: other, scope: 'tenant/7' });
    expect(await refresh()).toBe(true);
    expect(await rowOf(userId)).toEqual({
      user_id: userId,
      role_names: ['burner', 'editor'],
      permission_names: ['books:burn', 'books:read', 'books:write', 'secrets:read', 'shelves:*'],
      resource_actions: ['books:read', 'books:write', 'shelves:*'],
      role_count: 2,
      permission_count: 5,
      cache_updated_at: expect.any(Date),
    });
  });

  it('counts what is in force: a role once in several scopes, and nothing that is suspended, pending or over', async () => {
    const roleId = await fixture.role({ name: 'twice' });
    const { userId } = await makeGrant(fixture, { roleId });
    await makeGrant(fixture, { roleId, userId, scope: 'tenant/7' });
    await endGrant(fixture, await makeGrant(fixture, { userId }));
    await makeGrant(fixture, { userId, requiresApproval: true });
    const validFrom = new Date(Date.now() + 3_600_000);
    const later = { userId, roleId: await fixture.role(), reason: '', ...ALWAYS, validFrom };
    await fixture.operator.grantRole(later);
    const { grantId } = await makeGrant(fixture, { userId });
    await fixture.rows(`update authz.role_grants set status = 'suspended' where id = $1`, [grantId]);
    await refresh();
    expect(await rowOf(userId)).toMatchObject({ role_names: ['twice'], role_count: 1, permission_names: [] });
  });

  it('loses a user who has nothing left, and leaves rows as they are that have not changed', async () => {
    const [gone, kept] = [await makeGrant(fixture), await makeGrant(fixture)];
    await refresh();
    const xminOf = async (userId: string) =>
      (
        await fixture.rows<{ xmin: string }>('select xmin::text from authz.user_role_cache where user_id = $1', [
          userId,
        ])
      )[0];
    const [before, row] = [await xminOf(kept.userId), await rowOf(kept.userId)];
    expect(await rowOf(gone.userId)).toBeDefined();
    await fixture.revoke(gone.userId, gone.roleId);
    await refresh();
    expect(await rowOf(gone.userId)).toBeUndefined();
    expect(await xminOf(kept.userId)).toEqual(before);
    expect(await rowOf(kept.userId)).toEqual(row);
  });

  it('is refreshed beside those who read it', async () => {
    const { userId } = await makeGrant(fixture);
    await refresh();
    await withDatabase(fixture.service.database.url, (db) =>
      db.transaction(async (tx) => {
        // A reader holds its lock to the end of its transaction.
        await run(tx, 'select count(*) from authz.user_role_cache');
        expect(await refresh()).toBe(true);
      }),
    );
    expect(await rowOf(userId)).toBeDefined();
  });
});

describe('refreshing it', () => {
  const start = (more: { maxAgeSeconds?: number; postgresUrl?: string } = {}) => {
    const registry = createRegistry('authz');
    const postgresUrl = fixture.service.database.url;
    const db = { query: async () => [] };
    const options = { db, postgresUrl, logger: silentLogger, registry, maxAgeSeconds: 3_600, everyMs: 20, ...more };
    const job = startRefreshingUserRoleCache(options);
    stops.push(() => job.stop());
    const count = async (name: string) =>
      Number(new RegExp(`${name}\\S* (\\d+)`).exec(await registry.metrics())?.[1] ?? 0);
    return {
      refreshes: () => count('authz_user_role_cache_refresh_seconds_count'),
      failures: () => count('authz_user_role_cache_refresh_failures_total'),
    };
  };
  const age = (interval: string) =>
    fixture.rows(`update authz.user_role_cache_refresh set refreshed_at = now() - $1::interval`, [interval]);

  it('is done when it is too old, once by all instances', async () => {
    const { userId } = await makeGrant(fixture);
    await age('2 hours');
    const jobs = [start(), start(), start()];
    const sum = async () => (await Promise.all(jobs.map((job) => job.refreshes()))).reduce((a, b) => a + b, 0);
    await waitFor(async () => (await sum()) === 1);
    expect(await rowOf(userId)).toBeDefined();
    await age('2 hours');
    await waitFor(async () => (await sum()) === 2);
  });

  it('is left alone while it is young', async () => {
    await age('59 minutes');
    expect(await refresh(3_600)).toBe(false);
    await age('61 minutes');
    expect(await refresh(3_600)).toBe(true);
  });

  it('is left to the instance that is at it', async () => {
    await withDatabase(fixture.service.database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(tx, `select pg_advisory_xact_lock(hashtextextended('gatehouse.authz.user-role-cache', 0))`);
        expect(await refresh()).toBe(false);
      }),
    );
  });

  it('is tried again when it fails', async () => {
    const job = start({ postgresUrl: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' });
    await waitFor(async () => (await job.failures()) > 1);
    expect(await job.refreshes()).toBe(0);
  });

  it('is part of the service, which tells how old it is', async () => {
    await age('2 hours');
    const { database, redis } = fixture.service;
    const env = { GATEHOUSE_AUTHZ_USER_ROLE_CACHE_MAX_AGE_SECONDS: '600' };
    const service = await startFixture({ database, redis, env, instance: 'refreshing' });
    try {
      await waitFor(async () => (await service.metric('authz_user_role_cache_refresh_seconds_count')) === 1);
      expect(await service.metric('authz_user_role_cache_age_seconds')).toBeLessThan(600);
    } finally {
      await service.stop();
    }
  });
});
