import { randomUUID } from 'node:crypto';
import { type WatchChangesResponse, WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import {
  type Bidi,
  bidiClient,
  createTestDatabase,
  type LentRedis,
  lendRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { withDatabase } from '@gatehouse/testing/sql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatResumeToken, parseResumeToken } from '../src/domain/resume-token.ts';
import { WATCH_LIMITS } from '../src/store/watch-limits.ts';
import { type Fixture, permission, rowsOf, startFixture } from './fixture.ts';

const OK = 0;
const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

let redis: LentRedis;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;
const closes: (() => void)[] = [];

beforeAll(async () => {
  [redis, database] = await Promise.all([lendRedis(), createTestDatabase('authz')]);
  [a, b] = await Promise.all(
    ['a', 'b'].map((instance) => startFixture({ redis, database, instance })) as [Promise<Fixture>, Promise<Fixture>],
  );
});
afterEach(() => {
  for (const close of closes.splice(0)) close();
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await redis?.stop();
  await database?.drop();
});

type Request = { question: bigint; resumeToken: string };
type Watch = Bidi<Request, WatchChangesResponse>;

async function connectTo({ service }: Fixture, peer = 'app/test') {
  const client = await bidiClient(service, peer);
  closes.push(client.close);
  return (): Watch => client.open(WatchServiceService.watchChanges);
}

let questions = 0n;

/** Asks until the answer says that everything was told, and returns it. */
async function answer(watch: Watch, resumeToken = '') {
  for (;;) {
    questions += 1n;
    const question = questions;
    watch.send({ question, resumeToken });
    const found = await waitFor(
      () => watch.responses.find(({ event }) => event?.$case === 'answer' && event.value.question === question)?.event,
      { everyMs: 1 },
    );
    if (found.$case === 'answer' && found.value.resumeToken !== '') return found.value;
  }
}

/** A watch that has begun. */
async function begin(fixture: Fixture, resumeToken = '', peer?: string): Promise<Watch & { readonly token: string }> {
  const watch = (await connectTo(fixture, peer))();
  const { resumeToken: token } = await answer(watch, resumeToken);
  return Object.assign(watch, { token });
}

const changes = ({ responses }: Watch) =>
  responses.flatMap(({ event }) => (event?.$case === 'changes' ? event.value.changes : []));
/** The revisions of a subject that were told, in order and each once; empty for the model. */
const revisions = (watch: Watch, userId: string) => [
  ...new Set(changes(watch).flatMap((each) => (each.userId === userId ? [each.revision] : []))),
];
const tells = (watch: Watch, userId: string, revision: bigint) =>
  waitFor(() => revisions(watch, userId).includes(revision), { everyMs: 1 });
const refused = async (fixture: Fixture, resumeToken: string) => {
  const watch = (await connectTo(fixture))();
  watch.send({ question: 1n, resumeToken });
  return watch.ended;
};

describe('WatchChanges', () => {
  it('tells of grants and revocations on this instance and on another, with their revisions', async () => {
    const watches = [await begin(a), await begin(b)];
    const [userId, role] = [randomUUID(), await a.role()];
    await a.grant(userId, role);
    await b.revoke(userId, role);
    await a.grant(userId, role);
    for (const watch of watches) {
      await tells(watch, userId, 3n);
      expect(revisions(watch, userId)).toEqual([1n, 2n, 3n]);
      const [first] = changes(watch).filter((each) => each.userId === userId);
      expect(Math.abs((first?.changedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('tells of changes of the model', async () => {
    const watch = await begin(b);
    await a.operator.createPermission(permission(`watched-${randomUUID()}:read`));
    const [row] = await a.rows<{ revision: bigint }>('select revision from authz.model_revision');
    await tells(watch, '', row?.revision ?? -1n);
  });

  it('tells of a change before the answer to what is asked after it', async () => {
    const watch = await begin(b);
    const role = await a.role();
    for (let round = 0; round < 10; round += 1) {
      const userId = randomUUID();
      await a.grant(userId, role);
      const sinceMs = performance.now();
      const known = await waitFor(
        async () => {
          const { stalenessMs } = await answer(watch);
          return stalenessMs < performance.now() - sinceMs ? revisions(watch, userId) : undefined;
        },
        { everyMs: 1 },
      );
      expect(known).toEqual([1n]);
    }
  });

  it("answers with the database's time", async () => {
    const { databaseTime, stalenessMs } = await answer(await begin(a));
    expect(Math.abs((databaseTime?.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
    expect(stalenessMs).toBeLessThan(60_000);
  });

  it('tells what was missed, on whichever instance one goes on', async () => {
    const first = await begin(a);
    const [role, userIds] = [await a.role(), Array.from({ length: 20 }, () => randomUUID())];
    first.cancel();
    for (const userId of userIds) await a.grant(userId, role);
    const next = await begin(b, first.token);
    for (const userId of userIds) expect(revisions(next, userId)).toEqual([1n]);
    await a.revoke(userIds[0] ?? '', role);
    await tells(next, userIds[0] ?? '', 2n);
    const last = await begin(a, next.token);
    // What had been told was not told again.
    expect(userIds.slice(1).flatMap((userId) => revisions(last, userId))).toEqual([]);
  });

  it('tells at once what is committed beside a transaction that runs for long, and that one when it ends', async () => {
    const watch = await begin(a);
    const [slow, quick, role] = [randomUUID(), randomUUID(), await a.role()];
    let during = '';
    await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await rowsOf(tx, 'insert into authz.changes (id, user_id, revision) values (gen_random_uuid(), $1, 7)', [slow]);
        await a.grant(quick, role);
        await tells(watch, quick, 1n);
        await a.grant(quick, await a.role());
        await tells(watch, quick, 2n);
        ({ resumeToken: during } = await answer(watch));
        expect(revisions(watch, slow)).toEqual([]);
      }),
    );
    await tells(watch, slow, 7n);
    const resumed = await begin(b, during);
    expect(revisions(resumed, slow)).toEqual([7n]);
    expect(revisions(resumed, quick)).toEqual([]);
  });

  it('tells many changes of one transaction', async () => {
    const watch = await begin(a);
    const userId = randomUUID();
    await a.rows(
      `insert into authz.changes (id, user_id, revision) select gen_random_uuid(), $1, n from generate_series(1, 1201) n`,
      [userId],
    );
    await waitFor(() => revisions(watch, userId).length === 1_201);
    const resumed = await begin(b, watch.token);
    expect(revisions(resumed, userId)).toHaveLength(1_201);
    expect(
      Math.max(...resumed.responses.map(({ event }) => (event?.$case === 'changes' ? event.value.changes.length : 0))),
    ).toBe(500);
  });

  it('does not tell what was rolled back', async () => {
    const watch = await begin(a);
    const [userId, other] = [randomUUID(), randomUUID()];
    await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await rowsOf(tx, 'insert into authz.changes (id, user_id, revision) values (gen_random_uuid(), $1, 7)', [
          userId,
        ]);
        throw new Error('no');
      }),
    ).catch(() => {});
    await a.grant(other, await a.role());
    await tells(watch, other, 1n);
    await answer(watch);
    expect(revisions(watch, userId)).toEqual([]);
  });

  it.each([
    ['is none', 'nonsense'],
    ['was changed', 'x'],
    ['is too long', 'x'.repeat(8_193)],
  ])('refuses a token that %s', async (_what, token) => {
    const end = await refused(a, token);
    expect(end.code).toBe(INVALID_ARGUMENT);
    expect(end.reason).toBe(token.length > 8_192 ? 'FIELD_INVALID' : 'RESUME_TOKEN_INVALID');
  });

  it('refuses a token of a state that the database has not reached, and of another past', async () => {
    const position = parseResumeToken((await begin(a)).token);
    const ahead = { ...position, xmin: position.xmax + 100_000n, xmax: position.xmax + 100_000n, running: [] };
    expect(await refused(a, formatResumeToken(ahead))).toEqual({
      code: INVALID_ARGUMENT,
      reason: 'RESUME_TOKEN_INVALID',
    });
    const other = { ...position, history: position.history.replace(/.$/, (digit) => (digit === '1' ? '2' : '1')) };
    const expired = { code: FAILED_PRECONDITION, reason: 'RESUME_TOKEN_EXPIRED' };
    expect(await refused(a, formatResumeToken(other))).toEqual(expired);
  });

  it('tells nothing of transactions that are yet to come, such as those of a dump', async () => {
    const [userId, other] = [randomUUID(), randomUUID()];
    const watch = await begin(a);
    await a.rows(
      `insert into authz.changes (xid, id, user_id, revision) values ('9000000000000000000', gen_random_uuid(), $1, 1)`,
      [userId],
    );
    await a.grant(other, await a.role());
    await tells(watch, other, 1n);
    await answer(watch);
    expect(revisions(watch, userId)).toEqual([]);
  });

  it('ends well when its caller says that no more questions come', async () => {
    const watch = await begin(a);
    watch.send({ question: 1_000_000n, resumeToken: '' });
    watch.finish();
    expect(await watch.ended).toEqual({ code: OK, reason: '' });
    expect(watch.responses.at(-1)?.event).toMatchObject({ $case: 'answer', value: { question: 1_000_000n } });
  });

  it('gives its place back when its caller goes away', async () => {
    const watch = await begin(b);
    watch.cancel();
    expect((await watch.ended).code).toBe(CANCELLED);
    for (const close of closes.splice(0)) close();
    await waitFor(async () => (await b.metric('authz_watches')) === 0);
    expect(await b.metric('grpc_server_handled_total', 'grpc_code="INTERNAL"')).toBe(0);
  });

  it('has a limited number of places for one peer, and others for the next', async () => {
    const open = await connectTo(a, 'app/many');
    const watches = Array.from({ length: WATCH_LIMITS.watchesPerPeerMax }, open);
    for (const watch of watches) watch.send({ question: 1n, resumeToken: '' });
    await waitFor(() => watches.every(({ responses }) => responses.length > 0));
    const refusedOne = open();
    refusedOne.send({ question: 1n, resumeToken: '' });
    expect(await refusedOne.ended).toEqual({ code: RESOURCE_EXHAUSTED, reason: 'WATCHES_TOO_MANY' });
    await begin(a, '', 'app/another');
  });

  it.each(['identity', 'session', 'audit', 'ops', 'edge/envoy', 'operator/test'])('may be used by %s', async (peer) => {
    await begin(a, '', peer);
  });

  it('is refused to a peer that may not check', async () => {
    const watch = (await connectTo(a, 'stranger'))();
    watch.send({ question: 1n, resumeToken: '' });
    expect(await watch.ended).toEqual({ code: PERMISSION_DENIED, reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('an instance that stops', () => {
  it('ends its watches at once, so that their callers go elsewhere', async () => {
    const stopping = await startFixture({
      database,
      redis,
      instance: 'stopping',
      env: { GATEHOUSE_DRAIN_BUDGET_MS: '30000', GATEHOUSE_DRAIN_DELAY_MS: '0' },
    });
    const watch = await begin(stopping);
    const stopped = stopping.stop();
    expect(await watch.ended).toEqual({ code: UNAVAILABLE, reason: 'INSTANCE_STOPPING' });
    await stopped;
  });
});

describe('a log that was swept', () => {
  // Last, because it makes all tokens of before expire.
  it('refuses tokens of what is not kept any more, and goes on for watches that have been told it', async () => {
    const old = await begin(a);
    const { xmin } = parseResumeToken(old.token);
    const role = await a.role();
    const watch = await begin(a);
    await waitFor(async () => parseResumeToken((await answer(watch)).resumeToken).xmin > xmin);
    await a.rows('update authz.changes_swept set through_xid = $1::xid8', [xmin]);
    const expired = { code: FAILED_PRECONDITION, reason: 'RESUME_TOKEN_EXPIRED' };
    expect(await refused(b, old.token)).toEqual(expired);
    expect(await refused(a, old.token)).toEqual(expired);
    const userId = randomUUID();
    await b.grant(userId, role);
    await tells(watch, userId, 1n);
  });
});
