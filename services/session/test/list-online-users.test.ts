import { randomUUID } from 'node:crypto';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis, type RedisStore } from '@gatehouse/redis';
import { fakeClock } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPresence, type Presence, SHARDS_IN_PAGE_MAX } from '../src/store/presence.ts';
import { startAuthz } from './authz-stand-in.ts';
import { type StartedSession, startSession, tampered } from './harness.ts';

const READER = randomUUID();
const clock = fakeClock();
let rig: StartedSession;
let authz: Awaited<ReturnType<typeof startAuthz>>;
let redis: RedisStore;
let presence: Presence;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === READER && permission === 'sessions:read');
  rig = await startSession({ clock, env: { GATEHOUSE_AUTHZ_ADDRESS: authz.address } });
  redis = openRedis({ url: rig.service.redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await redis.ready();
  presence = openPresence({ redis, clock, logger: silentLogger, registry: createRegistry('test'), windowMs: 300_000 });
});
afterAll(async () => {
  await redis.close();
  await rig.stop();
  await authz.stop();
});

const list = (pageSize = 0, pageToken = '') => rig.operator.listOnlineUsers({ pageSize, pageToken });
const listAll = async (pageSize: number) => {
  const pages: string[][] = [];
  let pageToken = '';
  do {
    const page = await list(pageSize, pageToken);
    pages.push(page.presences.map(({ userId }) => userId));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return pages;
};
const makeOnline = async (count: number) => {
  const users = Array.from({ length: count }, () => randomUUID());
  await presence.note(users.map((userId) => ({ userId, atMs: clock.now().getTime() })));
  return users;
};

describe('ListOnlineUsers', () => {
  it('lists every user who is online, once, and nobody else', async () => {
    const gone = await makeOnline(50);
    clock.advance(301_000);
    const users = await makeOnline(500);
    await presence.forget(users.slice(0, 10));
    const listed = (await listAll(1_000)).flat();
    expect([...listed].sort()).toEqual(users.slice(10).sort());
    expect(listed).not.toContain(gone[0]);
    const { presences } = await list(1_000);
    for (const each of presences) expect(each).toMatchObject({ isOnline: true, lastActiveAt: clock.now() });
  });

  it('fills a page to its size and hardly more', async () => {
    clock.advance(301_000);
    await makeOnline(3_000);
    const seen: string[] = [];
    let pageToken = '';
    for (let i = 0; i < 10; i++) {
      const page = await list(15, pageToken);
      expect(page.presences.length).toBeGreaterThanOrEqual(15);
      expect(page.presences.length).toBeLessThan(20);
      seen.push(...page.presences.map(({ userId }) => userId));
      pageToken = page.nextPageToken;
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('looks at a limited part of Redis for one page, and says where it goes on', async () => {
    clock.advance(301_000);
    await redis.client.config('RESETSTAT');
    const { presences, nextPageToken } = await list(1);
    expect(presences).toEqual([]);
    expect(nextPageToken).not.toBe('');
    const calls = /cmdstat_zrangebyscore:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1];
    expect(Number(calls)).toBe(SHARDS_IN_PAGE_MAX);
  });

  it('refuses a page token that it has not given', async () => {
    clock.advance(301_000);
    const { nextPageToken } = await list();
    for (const pageToken of [tampered(nextPageToken), 'AAAA', nextPageToken.slice(2)]) {
      await expect(list(0, pageToken)).rejects.toMatchObject({ kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' });
    }
  });

  it('through an application needs the permission', async () => {
    const request = { pageSize: 0, pageToken: '' };
    await expect(rig.app.listOnlineUsers(request)).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    const [stranger, reader] = [await rig.create(), await rig.create(READER)];
    await expect(rig.app.listOnlineUsers(request, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'sessions:read' },
    });
    await expect(rig.app.listOnlineUsers(request, { sessionToken: reader.sessionToken })).resolves.toBeDefined();
  });

  it.each(['identity', 'edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.listOnlineUsers({ pageSize: 0, pageToken: '' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('refuses a page that is too large', async () => {
    await expect(list(1_001)).rejects.toMatchObject({ fields: [expect.objectContaining({ field: 'page_size' })] });
  });
});

describe('what is noted about a user', () => {
  const userId = randomUUID();
  const at = (seconds: number) => ({ userId, atMs: clock.now().getTime() + seconds * 1_000 });
  const lastActive = async () => (await presence.find([userId]))[0]?.getTime();

  it('is the latest use, in whichever order uses are noted', async () => {
    const now = clock.now().getTime();
    await presence.note([at(0), at(-20)]);
    await presence.note([at(-10)]);
    expect(await lastActive()).toBe(now);
  });

  it('does not bring back who has gone offline since, and a use after that does', async () => {
    const before = at(0);
    clock.advance(5);
    await presence.forget([userId]);
    await presence.note([before, at(-10)]);
    expect(await lastActive()).toBeUndefined();
    clock.advance(5);
    await presence.note([at(0)]);
    expect(await lastActive()).toBeDefined();
  });

  it('is not undone by a going offline that was before it', async () => {
    clock.advance(10_000);
    await presence.note([at(2)]);
    await presence.forget([userId]);
    expect(await lastActive()).toBeDefined();
  });
});
