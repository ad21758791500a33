import { SigningKeyState } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import {
  createTestDatabase,
  fakeClock,
  outboxEvents,
  startRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kidOf, type StartedTokens, startTokens, verifyElsewhere } from './token-rig.ts';

// Several instances are started, stopped and waited for.
const DAY_MS = 86_400_000;
const { SIGNING_KEY_STATE_PUBLISHED, SIGNING_KEY_STATE_ACTIVE, SIGNING_KEY_STATE_RETIRED } = SigningKeyState;
const secret = (fill: string) => Buffer.alloc(32, fill).toString('base64url');
const ring = (...ids: number[]) => ({
  GATEHOUSE_SESSION_SECRET_KEYS: ids.map((id) => `${id}:${secret(String(id))}`).join(','),
});

/** Session tokens without a MAC, so that no live session needs a key of the ring. */
const PLAIN = { GATEHOUSE_SESSION_TOKEN_FORM: 'plain' };

let database: TestDatabase;
let redis: Awaited<ReturnType<typeof startRedis>>;
let clock: ReturnType<typeof fakeClock>;
let started: StartedTokens[];

beforeEach(async () => {
  [database, redis] = await Promise.all([createTestDatabase('session'), startRedis()]);
  clock = fakeClock();
  started = [];
});
afterEach(async () => {
  for (const each of started) await each.stop();
  await Promise.all([redis.stop(), database.drop()]);
});

const start = async (instance: string, env: Record<string, string> = {}) => {
  const rig = await startTokens({ clock, database, redis, instance, env });
  started.push(rig);
  return rig;
};
const rows = () =>
  query<{ kid: string; sealed_by: number | null }>(
    database.adminUrl,
    `select kid, case when octet_length(private_key_sealed) > 0 then get_byte(private_key_sealed, 0) end as sealed_by
     from session.signing_keys order by created_at`,
  );

describe('the first signing key', () => {
  it('is made once, by instances that start at the same time, and signs at once on each', async () => {
    const instances = await Promise.all(['a', 'b', 'c'].map((name) => start(name)));
    const kids = await Promise.all(
      instances.map(async (each) => kidOf(await each.issue((await each.create()).sessionToken))),
    );
    expect(new Set(kids).size).toBe(1);
    expect(await rows()).toMatchObject([{ kid: kids[0] }]);
    const events = (await outboxEvents({ name: 'session', database })).filter(
      ({ eventType }) => eventType === 'signing_key.created',
    );
    expect(events).toMatchObject([{ actor: 'peer:session', attributes: { kid: kids[0] } }]);
  });

  it('is in the first key set that anybody gets', async () => {
    const rig = await start('a');
    expect((await rig.keySet()).keys).toHaveLength(1);
  });

  it('stays when the service starts again', async () => {
    const first = await start('a');
    const token = await first.issue((await first.create()).sessionToken);
    await first.stop();
    started = [];
    const again = await start('a');
    await expect(again.introspect(token)).resolves.toMatchObject({ active: true });
    expect(await rows()).toHaveLength(1);
  });
});

describe('the job that rotates', () => {
  it('publishes the next key in time, one for all instances, retires the old one, and removes it in the end', async () => {
    const [rig, other] = [await start('a'), await start('b')];
    const [first] = await rig.listed(1);
    const startedAtMs = first?.activatesAt?.getTime() ?? 0;

    clock.set(new Date(startedAtMs + 30 * DAY_MS - 360_000 - 1));
    expect(await rig.list()).toHaveLength(1);
    clock.advance(1);
    const [second] = await rig.listed(2);
    expect(second).toMatchObject({
      state: SIGNING_KEY_STATE_PUBLISHED,
      activatesAt: new Date(startedAtMs + 30 * DAY_MS),
    });
    expect(kidOf(await rig.issue((await rig.create()).sessionToken))).toBe(first?.kid);
    const events = (await outboxEvents({ name: 'session', database })).filter(({ eventType }) =>
      eventType.startsWith('signing_key.'),
    );
    expect(events.map(({ eventType }) => eventType)).toEqual([
      'signing_key.created',
      'signing_key.created',
      'signing_key.rotated',
    ]);

    clock.set(new Date(startedAtMs + 30 * DAY_MS));
    for (const each of [rig, other]) {
      const token = await each.issue((await each.create()).sessionToken);
      expect(kidOf(token)).toBe(second?.kid);
      await expect(verifyElsewhere(token, (await each.keySet()).json, clock.now())).resolves.toBeDefined();
    }
    expect((await rig.list()).map(({ state }) => state)).toEqual([SIGNING_KEY_STATE_ACTIVE, SIGNING_KEY_STATE_RETIRED]);

    // The private half goes soon, the public half with the last token, the row a day later.
    clock.advance(61_000);
    await waitFor(async () => (await rows())[0]?.sealed_by === null);
    expect((await rig.keySet()).keys).toHaveLength(2);
    const [, retired] = await rig.list();
    clock.set(retired?.expiresAt ?? new Date());
    expect((await rig.keySet()).keys).toHaveLength(1);
    expect(await rig.list()).toHaveLength(2);
    clock.advance(DAY_MS);
    await rig.listed(1);
  });

  it('seals keys anew under a new first key of the ring, so that the old one can go', async () => {
    const before = await start('a', { ...ring(1), ...PLAIN });
    const token = await before.issue((await before.create()).sessionToken);
    expect(await rows()).toMatchObject([{ sealed_by: 1 }]);
    const next = await start('b', ring(2, 1));
    await waitFor(async () => (await rows())[0]?.sealed_by === 2);
    // The instance with the old ring still signs: it has opened the key before.
    const later = await before.issue((await before.create()).sessionToken);
    expect(kidOf(later)).toBe(kidOf(token));
    await next.stop();
    await before.stop();
    started = [];
    const last = await start('c', ring(2));
    expect(kidOf(await last.issue((await last.create()).sessionToken))).toBe(kidOf(token));
  });

  it('makes no new key because an instance lacks the key of the ring: that instance signs nothing, and verifies', async () => {
    const rig = await start('a', { ...ring(1), ...PLAIN });
    const token = await rig.issue((await rig.create()).sessionToken);
    const blind = await start('b', ring(3));
    const { sessionToken } = await blind.create();
    await expect(blind.issue(sessionToken)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'SIGNING_KEY_UNAVAILABLE',
    });
    await expect(blind.introspect(token)).resolves.toMatchObject({ active: true });
    expect(await rows()).toHaveLength(1);
    // An operator can still replace the key.
    await blind.keys.revokeSigningKey({ kid: kidOf(token) ?? '', reason: 'its key of the ring is lost' });
    await expect(blind.issue(sessionToken)).resolves.toBeDefined();
  });
});

describe('the metrics', () => {
  it('show the keys by state and the age of the one that signs', async () => {
    const rig = await start('a');
    await rig.listed(1);
    await rig.keys.rotateSigningKey({});
    clock.advance(120_000);
    const text = await rig.metrics();
    expect(text).toMatch(/session_signing_keys\{[^}]*state="active"[^}]*\} 1/);
    expect(text).toMatch(/session_signing_keys\{[^}]*state="published"[^}]*\} 1/);
    expect(text).toMatch(/session_signing_keys\{[^}]*state="revoked"[^}]*\} 0/);
    expect(text).toMatch(/session_signing_key_age_seconds\{[^}]*\} 120/);
  });
});

describe('an instance that is cut off from Redis', () => {
  it('hears of a revoked key from Postgres', async () => {
    const alone = await startRedis();
    const rig = await start('a');
    const cutOff = await startTokens({ clock, database, redis: alone, instance: 'cut-off' });
    started.push(cutOff);
    const token = await rig.issue((await rig.create()).sessionToken);
    await expect(cutOff.introspect(token)).resolves.toMatchObject({ active: true });
    await alone.kill();
    await rig.keys.revokeSigningKey({ kid: kidOf(token) ?? '', reason: '' });
    await waitFor(async () => !(await cutOff.introspect(token)).active);
    await alone.stop();
  });
});
