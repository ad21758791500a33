import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken } from '../src/domain/consistency.ts';
import {
  ACTIONS,
  type Answer,
  type AuthzenFixture,
  EVALUATION,
  evaluation,
  RESOURCES,
  SUBJECTS,
  startAuthzen,
} from './authzen-door.ts';

/** Bytes of a page token before its position. */
const HEAD_BYTES = 17;

let door: AuthzenFixture;

beforeAll(async () => {
  door = await startAuthzen();
});
afterAll(() => door?.stop());

const user = (id?: string) => ({ type: 'user', ...(id && { id }) });
const forUsers = (action: string, type: string, id: string, more: object = {}) => ({
  subject: user(),
  action: { name: action },
  resource: { type, id },
  ...more,
});
const forResources = (userId: string, action: string, type: string, more: object = {}) => ({
  subject: user(userId),
  action: { name: action },
  resource: { type },
  ...more,
});
const forActions = (userId: string, type: string, id: string, more: object = {}) => ({
  subject: user(userId),
  resource: { type, id },
  ...more,
});
const whole = { next_token: '', count: expect.any(Number) };

/** Every page of a search, each asked for with nothing but the token. */
async function pagesOf(path: string, search: object, limit: number): Promise<Answer[]> {
  const pages = [await door.answer(path, { ...search, page: { limit } })];
  for (let token = pages[0]?.page?.next_token; token; token = pages.at(-1)?.page?.next_token) {
    pages.push(await door.answer(path, { ...search, page: { token } }));
  }
  for (const { page, results = [] } of pages) {
    expect(results.length).toBeLessThanOrEqual(limit);
    expect(page?.count).toBe(results.length);
  }
  return pages;
}

describe('a search for subjects', () => {
  it('finds who may, in order, page by page, and each of them may', async () => {
    const users = Array.from({ length: 5 }, () => randomUUID()).sort();
    for (const each of users) await door.give(each, ['album:look'], { scope: 'tenant/7' });
    const [first = '', denied = ''] = users;
    await door.forbid(denied, 'album:look', 'tenant/7/album/1');
    const search = forUsers('look', 'album', 'tenant/7/album/1');
    const expected = users.filter((each) => each !== denied).map((id) => ({ type: 'user', id }));
    expect(await door.answer(SUBJECTS, search)).toEqual({ page: { next_token: '', count: 4 }, results: expected });
    const pages = await pagesOf(SUBJECTS, search, 2);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flatMap(({ results = [] }) => results)).toEqual(expected);
    const asked = evaluation(first, 'look', { type: 'album', id: 'tenant/7/album/1' });
    expect(await door.answer(EVALUATION, asked)).toEqual({ decision: true });
    expect(await door.answer(SUBJECTS, forUsers('look', 'album', '1'))).toEqual({
      page: { next_token: '', count: 0 },
      results: [],
    });
  });

  it('ignores the id of the subject, and knows no users from service accounts', async () => {
    const userId = randomUUID();
    await door.give(userId, ['robot:run']);
    const search = forUsers('run', 'robot', '1');
    for (const type of ['user', 'service_account']) {
      const subject = { type, id: 'somebody' };
      expect(await door.answer(SUBJECTS, { ...search, subject })).toEqual({
        page: whole,
        results: [{ type, id: userId }],
      });
    }
  });

  it('tells apart those for whom it depends on what is not known', async () => {
    const [sure, maybe] = [randomUUID(), randomUUID()];
    await door.give(sure, ['safe:open']);
    await door.give(maybe, ['safe:open'], { condition: 'resource.owner == "x"' });
    const search = (properties?: object) => ({
      ...forUsers('open', 'safe', '1'),
      resource: { type: 'safe', id: '1', properties },
    });
    expect(await door.answer(SUBJECTS, search())).toEqual({
      page: whole,
      context: { undetermined: [{ type: 'user', id: maybe, reason: expect.stringContaining('owner') }] },
      results: [{ type: 'user', id: sure }],
    });
    const { results } = await door.answer(SUBJECTS, search({ owner: 'x' }));
    expect(results?.map(({ id }) => id)).toEqual([sure, maybe].sort());
  });

  it('sees the write whose token it brings, and refuses one that there never was', async () => {
    const userId = randomUUID();
    const token = await door.give(userId, ['token:use']);
    const ask = (consistency: string) =>
      door.post(SUBJECTS, forUsers('use', 'token', '1'), { headers: { 'gatehouse-consistency': consistency } });
    expect((await ask(`at_least_as_fresh=${token}`)).body).toContain(userId);
    const never = formatToken({ modelRevision: 1n, user: { id: userId, revision: 2n ** 40n } });
    expect(await ask(`at_least_as_fresh=${never}`)).toMatchObject({
      status: 400,
      headers: { 'gatehouse-reason': 'CONSISTENCY_TOKEN_INVALID' },
    });
  });
});

describe('a search for resources', () => {
  it('finds those that grants name, by ids that can be asked about', async () => {
    const userId = randomUUID();
    for (const scope of ['account/123', 'account/456', 'tenant/7/account/1', 'account/9/entry/1', 'shelf/1']) {
      await door.give(userId, ['account:read', 'entry:read'], { scope });
    }
    const answer = await door.answer(RESOURCES, forResources(userId, 'read', 'account'));
    const results = ['123', '456', 'tenant/7/account/1'].map((id) => ({ type: 'account', id }));
    // What lies below an account is none, and below a shelf there may be one.
    expect(answer).toEqual({ page: { next_token: '', count: 3 }, context: { covering: ['shelf/1'] }, results });
    for (const { id } of results) {
      const asked = evaluation(userId, 'read', { type: 'account', id });
      expect(await door.answer(EVALUATION, asked)).toEqual({ decision: true });
    }
  });

  it('says what covers more, what is excepted, and what depends on the resource', async () => {
    const userId = randomUUID();
    await door.give(userId, ['project:edit']);
    await door.forbid(userId, 'project:edit', 'tenant/7');
    await door.give(userId, ['project:edit'], { scope: 'tenant/8/project/1', condition: 'resource.open == true' });
    expect(await door.answer(RESOURCES, forResources(userId, 'edit', 'project'))).toEqual({
      page: whole,
      context: { covering: ['*'], except: ['tenant/7'] },
      results: [{ type: 'project', id: 'tenant/8/project/1' }],
    });
    const other = randomUUID();
    await door.give(other, ['project:edit'], { scope: 'tenant/8', condition: 'resource.open == true' });
    expect(await door.answer(RESOURCES, forResources(other, 'edit', 'project'))).toEqual({
      page: whole,
      context: { undetermined: [{ scope: 'tenant/8', reason: 'It depends on the resource that is asked about.' }] },
      results: [],
    });
  });

  it('goes on finding what grants name when a wider grant is added', async () => {
    const userId = randomUUID();
    const scopes = ['leaf/1', 'leaf/2', 'branch/1/leaf/3', 'branch/2/leaf/4', 'leaf/5'];
    for (const scope of scopes) await door.give(userId, ['leaf:pick'], { scope });
    await door.forbid(userId, 'leaf:pick', 'leaf/5');
    const results = ['1', '2', 'branch/1/leaf/3', 'branch/2/leaf/4'].map((id) => ({ type: 'leaf', id }));
    const byId = ({ results: found = [] }: Answer) => [...found].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
    const search = forResources(userId, 'pick', 'leaf');
    expect(byId(await door.answer(RESOURCES, search))).toEqual(results);
    // Each of these covers some of them, and the last all.
    for (const [scope, context] of [
      ['leaf/1/vein/1', undefined],
      ['branch/1', { covering: ['branch/1'] }],
      ['', { covering: ['*'], except: ['leaf/5'] }],
    ] as const) {
      await door.give(userId, ['leaf:pick', 'leaf:press'], { scope });
      const answer = await door.answer(RESOURCES, search);
      expect(byId(answer)).toEqual(results);
      expect(answer.context).toEqual(context);
    }
    const pages = await pagesOf(RESOURCES, search, 2);
    expect(byId({ results: pages.flatMap(({ results: found = [] }) => found) })).toEqual(results);
    // What a role denies is named by no grant of it.
    expect((await door.answer(RESOURCES, forResources(userId, 'press', 'leaf'))).results).toEqual([]);
  });

  it('finds those that lie in one of their own type', async () => {
    const userId = randomUUID();
    await door.give(userId, ['folder:list'], { scope: 'folder/1' });
    await door.forbid(userId, 'folder:list', 'folder/1/folder/2');
    const again = { scope: 'folder/3/folder/4' };
    await door.give(userId, ['folder:list'], again);
    expect(await door.answer(RESOURCES, forResources(userId, 'list', 'folder'))).toEqual({
      page: whole,
      context: { except: ['folder/1/folder/2'] },
      results: [
        { type: 'folder', id: '1' },
        { type: 'folder', id: 'folder/3/folder/4' },
      ],
    });
  });

  it('goes page by page to the end, with everything once', async () => {
    const userId = randomUUID();
    const ids = Array.from({ length: 7 }, (_, index) => `b${index}`);
    for (const id of ids) await door.give(userId, ['book:read'], { scope: `book/${id}` });
    await door.give(userId, ['book:read'], { scope: 'shelf/1' });
    const pages = await pagesOf(RESOURCES, forResources(userId, 'read', 'book', { context: { a: 1, b: 2 } }), 3);
    expect(pages).toHaveLength(3);
    expect(pages.flatMap(({ results = [] }) => results.map(({ id }) => id))).toEqual(ids);
    expect(pages.flatMap(({ context = {} }) => context.covering ?? [])).toEqual(['shelf/1']);
  });

  it('shows conditions what is known of the subject', async () => {
    const userId = randomUUID();
    await door.guarded(
      'report:send',
      'has(context.subject_properties.role) && context.subject_properties.role == "admin"',
    );
    await door.give(userId, ['report:send'], { scope: 'report/1' });
    const search = forResources(userId, 'send', 'report');
    expect(await door.answer(RESOURCES, search)).toEqual({ page: whole, results: [] });
    const subject = { ...search.subject, properties: { role: 'admin' } };
    expect((await door.answer(RESOURCES, { ...search, subject })).results).toEqual([{ type: 'report', id: '1' }]);
  });
});

describe('a search for actions', () => {
  it('finds those that the subject may do of all that some role names', async () => {
    const userId = randomUUID();
    await door.role({ permissions: ['paper:burn', '*:sniff'] });
    await door.give(userId, ['paper:read', 'paper:write', '*:copy', 'stone:carve']);
    await door.forbid(userId, 'paper:write', 'paper/2');
    const search = forActions(userId, 'paper', '1');
    const results = ['copy', 'read', 'write'].map((name) => ({ name }));
    expect(await door.answer(ACTIONS, search)).toEqual({ page: { next_token: '', count: 3 }, results });
    expect((await door.answer(ACTIONS, forActions(userId, 'paper', '2'))).results).toEqual([
      { name: 'copy' },
      { name: 'read' },
    ]);
    for (const { name } of results) {
      const asked = evaluation(userId, name, { type: 'paper', id: '1' });
      expect(await door.answer(EVALUATION, asked)).toEqual({ decision: true });
    }
    const pages = await pagesOf(ACTIONS, search, 1);
    expect(pages.flatMap(({ results: found = [] }) => found)).toEqual(results);
  });

  it('says that a wildcard covers those that no role names', async () => {
    const userId = randomUUID();
    await door.role({ permissions: ['lamp:light', 'lamp:dim'] });
    await door.give(userId, ['lamp:*']);
    await door.forbid(userId, 'lamp:dim');
    const answer = await door.answer(ACTIONS, forActions(userId, 'lamp', '1'));
    expect(answer.context).toEqual({ covering: ['*'] });
    expect(answer.results).toContainEqual({ name: 'light' });
    expect(answer.results).not.toContainEqual({ name: 'dim' });
    const pages = await pagesOf(ACTIONS, forActions(userId, 'lamp', '1'), 1);
    expect(pages.flatMap(({ context = {} }) => context.covering ?? [])).toEqual(['*']);
  });

  it('tells apart what depends on what is not known', async () => {
    const userId = randomUUID();
    await door.guarded('gate:open', 'request.ip.inCidr("10.0.0.0/8")');
    await door.give(userId, ['gate:open', 'gate:see']);
    const search = forActions(userId, 'gate', '1');
    expect(await door.answer(ACTIONS, search)).toEqual({
      page: whole,
      context: { undetermined: [{ name: 'open', reason: 'The address of the caller is not known.' }] },
      results: [{ name: 'see' }],
    });
    const subject = { ...search.subject, properties: { ip_address: '10.1.1.1' } };
    expect((await door.answer(ACTIONS, { ...search, subject })).results).toEqual([{ name: 'open' }, { name: 'see' }]);
  });
});

/** A forged token, for pages of another size. */
function withLimit(token = '', limit: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const position = bytes.subarray(bytes.indexOf(0, HEAD_BYTES));
  return Buffer.concat([bytes.subarray(0, HEAD_BYTES), Buffer.from(limit), position]).toString('base64url');
}

describe('a search', () => {
  const someone = '018f4d5e-1111-7abc-8def-0123456789ab';
  const searches = [
    ['subjects', SUBJECTS, forUsers('read', 'record', '1')],
    ['resources', RESOURCES, forResources(someone, 'read', 'record')],
    ['actions', ACTIONS, forActions(someone, 'record', '1')],
  ] as const;

  it.each([
    [SUBJECTS, { ...forUsers('read', 'record', '1'), subject: { type: 'spaceship' } }, 'subject.type must be'],
    [SUBJECTS, forUsers('x'.repeat(129), 'record', '1'), 'action.name must be'],
    [SUBJECTS, forUsers('read', 'record', 'x'.repeat(257)), 'resource.id must be'],
    [
      RESOURCES,
      { ...forResources(someone, 'read', 'record'), subject: user('nonexistent-user') },
      'subject.id must be',
    ],
    [RESOURCES, forResources(someone, 'read', '\u0000'), 'resource.type must be'],
    [ACTIONS, { ...forActions(someone, 'record', '1'), subject: user('nonexistent-user') }, 'subject.id must be'],
  ])('%s for what can not exist finds nothing, and says why', async (path, search, message) => {
    expect(await door.answer(path, search)).toEqual({
      page: { next_token: '', count: 0 },
      context: { reason: 'NOTHING_CAN_MATCH', message: expect.stringContaining(message) },
      results: [],
    });
  });

  it.each(searches)('for %s of which nothing is known finds nothing', async (_what, path, search) => {
    expect(await door.answer(path, search)).toEqual({ page: { next_token: '', count: 0 }, results: [] });
  });

  it.each([
    [SUBJECTS, { ...forUsers('read', 'record', '1'), action: undefined }, 'action is required'],
    [SUBJECTS, { ...forUsers('read', 'record', '1'), subject: {} }, 'subject.type is required'],
    [SUBJECTS, { ...forUsers('read', 'record', '1'), resource: { type: 'record' } }, 'resource.id is required'],
    [RESOURCES, { ...forResources(someone, 'read', 'record'), subject: undefined }, 'subject is required'],
    [RESOURCES, { ...forResources(someone, 'read', 'record'), subject: user() }, 'subject.id is required'],
    [RESOURCES, { ...forResources(someone, 'read', 'record'), resource: {} }, 'resource.type is required'],
    [ACTIONS, { ...forActions(someone, 'record', '1'), resource: undefined }, 'resource is required'],
    [ACTIONS, { ...forActions(someone, 'record', '1'), context: 7 }, 'context must be an object'],
  ])('%s that is malformed is a bad request', async (path, search, message) => {
    const reply = await door.post(path, search);
    expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': 'FIELD_INVALID' } });
    expect(reply.body).toContain(message);
  });

  it.each([
    ['a page that is none', 7, 'page must be an object'],
    ['a limit that is none', { limit: '7' }, 'page.limit must be a whole number'],
    ['half a limit', { limit: 1.5 }, 'page.limit must be a whole number'],
    ['a limit below nothing', { limit: -1 }, 'page.limit must be a whole number'],
    ['a token that is none', { token: 7 }, 'page.token must be a string'],
  ])('is a bad request with %s', async (_what, page, message) => {
    for (const [, path, search] of searches) {
      const reply = await door.post(path, { ...search, page });
      expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': 'FIELD_INVALID' } });
      expect(reply.body).toContain(message);
    }
  });

  it('goes on only with what it began with, in whatever order it is said', async () => {
    const userId = randomUUID();
    for (const id of ['1', '2', '3']) await door.give(userId, ['page:turn'], { scope: `page/${id}` });
    const search = forResources(userId, 'turn', 'page', { context: { a: 1, b: { c: 2, d: 3 } } });
    const token = (await door.answer(RESOURCES, { ...search, page: { limit: 2, properties: { sort: 'x' } } })).page
      ?.next_token;
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    const same = { context: { b: { d: 3, c: 2 }, a: 1 }, ...forResources(userId, 'turn', 'page') };
    for (const page of [{ token }, { token, limit: 2 }]) {
      expect((await door.answer(RESOURCES, { ...same, page })).results).toEqual([{ type: 'page', id: '3' }]);
    }
    for (const [change, reason] of [
      [{ page: { token, limit: 3 } }, 'FIELD_INVALID'],
      [{ context: { a: 2, b: { c: 2, d: 3 } } }, 'PAGE_TOKEN_INVALID'],
      [{ subject: user(randomUUID()) }, 'PAGE_TOKEN_INVALID'],
      [{ action: { name: 'tear' } }, 'PAGE_TOKEN_INVALID'],
      [{ page: { token: `${token}A` } }, 'PAGE_TOKEN_INVALID'],
      [{ page: { token: 'next' } }, 'PAGE_TOKEN_INVALID'],
      [{ page: { token: withLimit(token, '0') } }, 'PAGE_TOKEN_INVALID'],
      [{ page: { token: withLimit(token, '501') } }, 'PAGE_TOKEN_INVALID'],
    ] as const) {
      const reply = await door.post(RESOURCES, { ...search, page: { token }, ...change });
      expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': reason } });
    }
    const other = forActions(userId, 'page', '1', { page: { token } });
    expect(await door.post(ACTIONS, other)).toMatchObject({ status: 400 });
  });

  it('has as many results as it likes for a limit of nothing, or too much', async () => {
    const userId = randomUUID();
    for (const id of ['1', '2']) await door.give(userId, ['limit:test'], { scope: `limit/${id}` });
    for (const limit of [0, 1_000_000, null]) {
      const answer = await door.answer(RESOURCES, forResources(userId, 'test', 'limit', { page: { limit } }));
      expect(answer).toMatchObject({ page: { next_token: '', count: 2 } });
    }
  });

  it.each([
    [SUBJECTS, ['edge/envoy', 'authz', 'stranger']],
    [RESOURCES, ['edge/envoy', 'authz', 'stranger']],
    [ACTIONS, ['edge/envoy', 'authz', 'stranger']],
  ])('%s is not for every peer that may check', async (path, peers) => {
    for (const peer of peers) {
      const reply = await door.post(path, {}, { peer });
      expect(reply).toMatchObject({ status: 403, headers: { 'gatehouse-reason': 'PEER_NOT_ALLOWED' } });
    }
    expect((await door.post(path, {}, { peer: 'operator/ada' })).status).toBe(400);
  });
});
