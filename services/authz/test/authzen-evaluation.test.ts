import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { encodeName } from '@gatehouse/client/policy';
import { EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { ask } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken } from '../src/domain/consistency.ts';
import {
  ACTIONS,
  type AuthzenFixture,
  EVALUATION,
  EVALUATIONS,
  evaluation,
  METADATA,
  RESOURCES,
  SUBJECTS,
  startAuthzen,
} from './authzen-door.ts';

let door: AuthzenFixture;
let alice: string;
let bob: string;
const record = (status?: string) => ({ type: 'record', id: 'record-1', ...(status && { properties: { status } }) });

// The policy of the certification scenario of the API, whose users have UUIDs here.
beforeAll(async () => {
  door = await startAuthzen();
  alice = randomUUID();
  bob = randomUUID();
  const isAdmin = 'has(context.subject_properties.role) && context.subject_properties.role == "admin"';
  await door.guarded('record:write', `!has(resource.status) || resource.status != "archived" || (${isAdmin})`);
  await door.guarded('record:delete', 'has(context.action_properties.soft) && context.action_properties.soft');
  await door.give(alice, ['record:read', 'record:write', 'record:delete']);
  await door.give(bob, ['record:read']);
  await door.give(bob, ['record:write'], { condition: isAdmin });
});
afterAll(() => door?.stop());

describe('an evaluation', () => {
  it.each([
    ['a permission that is held', () => evaluation(alice, 'read', record()), true],
    ['one that is not', () => evaluation(bob, 'write', record()), false],
    ['one that nobody has', () => evaluation(alice, 'shred', record()), false],
    ['a user of whom nothing is known', () => evaluation(randomUUID(), 'read', record()), false],
    [
      'a service account',
      () => ({ ...evaluation(alice, 'read', record()), subject: { type: 'service_account', id: alice } }),
      true,
    ],
    ['properties of the resource', () => evaluation(alice, 'write', record('archived')), false],
    [
      'properties of the subject',
      () => ({
        ...evaluation(bob, 'write', record('archived')),
        subject: { type: 'user', id: bob, properties: { role: 'admin' } },
      }),
      true,
    ],
    [
      'properties of the action',
      () => ({ ...evaluation(alice, 'delete', record()), action: { name: 'delete', properties: { soft: true } } }),
      true,
    ],
    [
      'other properties of the action',
      () => ({ ...evaluation(alice, 'delete', record()), action: { name: 'delete', properties: { soft: false } } }),
      false,
    ],
    ['none of them', () => evaluation(alice, 'delete', record()), false],
    [
      'members that nobody knows',
      () => ({
        ...evaluation(alice, 'read', { ...record(), owner: 'x' } as ReturnType<typeof record>),
        context: { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' },
        foo: 'bar',
        futureField: { nested: true },
      }),
      true,
    ],
    ['members that are null', () => ({ ...evaluation(alice, 'read', record()), context: null, page: null }), true],
  ])('decides by %s', async (_what, body, decision) => {
    expect(await door.answer(EVALUATION, body())).toEqual({ decision });
  });

  it('answers as the standard shows it, and may not be kept', async () => {
    const body = {
      subject: { type: 'user', id: alice },
      resource: { type: 'record', id: '123' },
      action: { name: 'read', properties: { method: 'GET' } },
      context: { time: '1985-10-26T01:22-07:00' },
    };
    expect(await door.post(EVALUATION, body)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"decision":true}',
    });
  });

  it('is about the resource by its id, or by a path that ends in it', async () => {
    const userId = randomUUID();
    await door.give(userId, ['record:read'], { scope: 'tenant/7' });
    const decide = async (id: string) =>
      (await door.answer(EVALUATION, evaluation(userId, 'read', { type: 'record', id }))).decision;
    expect(await decide('tenant/7/record/42')).toBe(true);
    expect(await decide('tenant/70/record/42')).toBe(false);
    expect(await decide('42')).toBe(false);
    await door.give(userId, ['record:read'], { scope: 'record/42' });
    expect(await decide('42')).toBe(true);
    expect(await decide('record/42')).toBe(true);
  });

  it('shows conditions the address and the level of the subject, and what else the caller knows', async () => {
    const userId = randomUUID();
    await door.guarded('vault:open', 'request.ip.inCidr("10.0.0.0/8") && request.authentication_level >= 2');
    await door.guarded(
      'vault:close',
      'context.shift == "night" && context.subject_properties.tags.exists(t, t == "a")',
    );
    await door.give(userId, ['vault:open', 'vault:close']);
    const decide = async (action: string, properties: object, context?: object) => {
      const asked = evaluation(userId, action, { type: 'vault', id: '1' });
      return door.answer(EVALUATION, { ...asked, subject: { ...asked.subject, properties }, context });
    };
    expect(await decide('open', { ip_address: '10.1.2.3', authentication_level: 2 })).toEqual({ decision: true });
    for (const ip_address of ['::ffff:10.1.2.3', '10.1.2.3:443', '[::FFFF:0A01:203]:443', '::ffff:10.1.2.3%eth0']) {
      expect(await decide('open', { ip_address, authentication_level: 2 })).toEqual({ decision: true });
    }
    expect(await decide('open', { ip_address: 'fe80::1%eth0', authentication_level: 2 })).toEqual({ decision: false });
    expect(await decide('open', { ip_address: '10.1.2.3', authentication_level: 1 })).toEqual({ decision: false });
    expect(await decide('open', { ip_address: '11.1.2.3', authentication_level: 2 })).toEqual({ decision: false });
    expect(await decide('close', { tags: ['b', 'a'] }, { shift: 'night' })).toEqual({ decision: true });
    expect(await decide('close', { tags: ['b'] }, { shift: 'night' })).toEqual({ decision: false });
    expect(await decide('close', { tags: ['a'] }, { shift: 'day' })).toEqual({ decision: false });
  });

  it('that can not be determined is denied, and says why', async () => {
    const userId = randomUUID();
    await door.give(userId, ['record:print'], { condition: 'request.ip.inCidr("10.0.0.0/8")' });
    expect(await door.answer(EVALUATION, evaluation(userId, 'print', record()))).toEqual({
      decision: false,
      context: { reason: 'UNDETERMINED', reason_admin: { '403': 'The address of the caller is not known.' } },
    });
  });

  it('goes to the audit trail and is counted as a check is', async () => {
    const [userId, requestId] = [randomUUID(), randomUUID()];
    const denied = () => door.metric('authz_check_decisions_total', 'decision="denied"');
    const before = await denied();
    const headers = { 'x-request-id': requestId };
    await door.answer(EVALUATION, evaluation(userId, 'read', { type: 'record', id: 'tenant/7/record/1' }), { headers });
    expect(await denied()).toBe(before + 1);
    expect(await door.eventsOf(requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.denied',
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        userId,
        peer: 'app/shop',
        actor: 'peer:app/shop',
        attributes: { permission: 'record:read', resource: 'tenant/7/record/1' },
      }),
    ]);
    expect(
      await door.metric('http_server_handling_seconds_count', 'route="evaluation"', 'status="200"'),
    ).toBeGreaterThan(0);
  });
});

describe('an evaluation of what can not exist here', () => {
  const LONG = 'x'.repeat(1_000);
  const subject = (type: string, id: string) => ({ ...evaluation(alice, 'read', record()), subject: { type, id } });
  const action = (name: string) => evaluation(alice, name, record());
  const resource = (type: string, id: string) => evaluation(alice, 'read', { type, id });

  it.each([
    ['a subject of another type', () => subject('spaceship', alice), 'subject.type must be "user" or'],
    ['a subject whose id is none', () => subject('user', 'alice@example.com'), 'subject.id must be a UUID'],
    ['a subject in base64', () => subject('user', 'CiRmZDA2MTRkMy1jMzlhLTQ3ODE+/w=='), 'subject.id must be a UUID'],
    ['a UUID in large letters', () => subject('user', alice.toUpperCase()), 'subject.id must be a UUID'],
    ['a subject that is no text', () => subject('user', 'a\u0000b'), 'subject.id must be a UUID'],
    ['an action that is too long', () => action(LONG), 'action.name must be a text'],
    ['an action that is no text', () => action('a\u0000'), 'action.name must be a text'],
    ['a type that is too long', () => resource('é'.repeat(43), '1'), 'resource.type must be a text'],
    ['an id that is too long', () => resource('record', LONG), 'resource.id must be an id'],
    ['an id with U+0000', () => resource('record', 'a\u0000'), 'resource.id must be an id'],
  ])('is no for %s, and says why', async (_what, body, message) => {
    const denied = () => door.metric('authz_check_decisions_total', 'decision="denied"');
    const before = await denied();
    const decision = {
      decision: false,
      context: { reason: 'NOTHING_CAN_MATCH', reason_admin: { '403': expect.stringContaining(message) } },
    };
    expect(await door.answer(EVALUATION, body())).toEqual(decision);
    expect((await door.answer(EVALUATIONS, { evaluations: [body(), action('read')] })).evaluations).toEqual([
      decision,
      { decision: true },
    ]);
    expect(await denied()).toBe(before + 2);
  });

  it('goes to the audit trail as nobody', async () => {
    const requestId = randomUUID();
    await door.answer(EVALUATION, subject('spaceship', alice), { headers: { 'x-request-id': requestId } });
    expect(await door.eventsOf(requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.denied',
        userId: '',
        peer: 'app/shop',
        attributes: { permission: 'record:read', resource: 'record/record-1' },
      }),
    ]);
  });

  it('is a bad request all the same where something else of it is', async () => {
    const asked = { ...subject('spaceship', 'x'), resource: {} };
    expect(await door.post(EVALUATION, asked)).toMatchObject({
      status: 400,
      body: 'The request is not valid: resource.type is required; resource.id is required.',
    });
    const headers = { 'gatehouse-consistency': 'at_least_as_fresh=x' };
    expect((await door.post(EVALUATION, subject('spaceship', 'x'), { headers })).status).toBe(400);
  });
});

describe('names and ids', () => {
  it.each([
    ['route', 'GET', '/todos/{todoId}'],
    ['Todo', 'canRead', 'https://example.com/a?b=c&d=e#f'],
    ['bucket', 's3:GetObject', 'arn:aws:s3:::bucket/key*'],
    ['mail box', 'read/write', 'alice+tag@example.com'],
    ['urn:type', '*', 'ab+/cd=='],
    ['café', '-x', '-5'],
    ['blob', 'see', 'a%2Fb'],
    ['blob', 'see', 'other/7/thing/9'],
    ['blob', 'see', 'half/a/blob'],
    ['blob', 'see', '../.. 🦊'],
  ])('may be %s, %s and %s', async (type, action, id) => {
    const [userId, other] = [randomUUID(), randomUUID()];
    const encode = (text: string) => encodeURIComponent(text).replaceAll('*', '%2a');
    const permission = `${encodeName(type)}:${encodeName(action)}`;
    await door.give(userId, [permission], { scope: `${encodeName(type)}/${encode(id)}` });
    await door.give(other, ['*:*']);
    const decide = async (who: string, what: string, which: string) =>
      (await door.answer(EVALUATION, evaluation(who, what, { type, id: which }))).decision;
    expect(await decide(userId, action, id)).toBe(true);
    expect(await decide(userId, action, `${id}x`)).toBe(false);
    expect(await decide(userId, `${action}x`, id)).toBe(false);
    expect(await decide(other, action, id)).toBe(true);
    const search = { subject: { type: 'user', id: userId }, action: { name: action }, resource: { type } };
    const found = await door.answer(RESOURCES, search);
    expect(found).toMatchObject({ page: { count: 1 }, results: [{ type }] });
    expect(await decide(userId, action, found.results?.[0]?.id ?? '')).toBe(true);
    const actions = await door.answer(ACTIONS, { ...search, resource: { type, id } });
    expect(actions.results).toEqual([{ name: action }]);
    const subjects = await door.answer(SUBJECTS, { ...search, subject: { type: 'user' }, resource: { type, id } });
    expect(subjects.results).toContainEqual({ type: 'user', id: userId });
  });

  it('are found again as they were asked for', async () => {
    const userId = randomUUID();
    const ids = ['a/b', 'x y', '%', 'https://e.example/1', 'stone/1'];
    for (const id of ids) await door.give(userId, ['stone:lift'], { scope: `stone/${encodeURIComponent(id)}` });
    const search = { subject: { type: 'user', id: userId }, action: { name: 'lift' }, resource: { type: 'stone' } };
    const { results = [] } = await door.answer(RESOURCES, search);
    // The last of them reads as a path itself, so that it is told as one.
    expect(results.map(({ id }) => id).sort()).toEqual([...ids.slice(0, 4), 'stone/stone%2F1'].sort());
  });

  it('that are not alike are not the same', async () => {
    const userId = randomUUID();
    await door.give(userId, ['Sheet:Read'], { scope: 'Sheet/A' });
    const decide = async (type: string, action: string, id: string) =>
      (await door.answer(EVALUATION, evaluation(userId, action, { type, id }))).decision;
    expect(await decide('Sheet', 'Read', 'A')).toBe(true);
    expect(await decide('sheet', 'Read', 'A')).toBe(false);
    expect(await decide('Sheet', 'read', 'A')).toBe(false);
    expect(await decide('Sheet', 'Read', 'a')).toBe(false);
    expect(await decide('Sheet', 'Read', '%41')).toBe(false);
    expect(await decide('Sheet', 'Read', 'Sheet/%41')).toBe(true);
  });
});

describe('free-form properties', () => {
  it.each([
    ['an address that is none', { ip_address: 'here' }],
    ['an address that is a number', { ip_address: 7 }],
    ['addresses', { ip_address: ['10.1.2.3'] }],
    ['a level in words', { ip_address: '10.1.2.3', authentication_level: 'aal2' }],
    ['a level with a point', { ip_address: '10.1.2.3', authentication_level: 2.5 }],
    ['a level that is too high', { ip_address: '10.1.2.3', authentication_level: 256 }],
    ['a level that is an object', { ip_address: '10.1.2.3', authentication_level: { value: 3 } }],
  ])('leave undetermined what depends on %s', async (_what, properties) => {
    const userId = randomUUID();
    const condition = 'request.ip.inCidr("10.0.0.0/8") && request.authentication_level >= 2';
    await door.give(userId, ['cabinet:open'], { condition });
    await door.give(userId, ['cabinet:see'], { condition: 'has(context.subject_properties.ip_address)' });
    const asked = (action: string) => ({
      ...evaluation(userId, action, { type: 'cabinet', id: '1' }),
      subject: { type: 'user', id: userId, properties },
    });
    const undetermined = {
      decision: false,
      context: { reason: 'UNDETERMINED', reason_admin: { '403': expect.any(String) } },
    };
    expect(await door.answer(EVALUATION, asked('open'))).toEqual(undetermined);
    expect(await door.answer(EVALUATION, asked('see'))).toEqual({ decision: true });
    expect((await door.answer(EVALUATIONS, { evaluations: [asked('see'), asked('open')] })).evaluations).toEqual([
      { decision: true },
      undetermined,
    ]);
  });
});

describe('an evaluation that is none', () => {
  const good = () => evaluation(alice, 'read', record()) as Record<string, unknown>;
  const without = (path: string, name: string) => {
    const { [name]: _, ...rest } = good()[path] as Record<string, unknown>;
    return { ...good(), [path]: rest };
  };
  const having = (path: string, change: object) => ({ ...good(), [path]: { ...(good()[path] as object), ...change } });
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`m${index}`, index]));
  const deep = JSON.parse(`${'{"a":'.repeat(8)}1${'}'.repeat(8)}`);

  it.each([
    ['no subject', () => ({ ...good(), subject: undefined }), 'subject is required'],
    ['no action', () => ({ ...good(), action: undefined }), 'action is required'],
    ['no resource', () => ({ ...good(), resource: undefined }), 'resource is required'],
    ['nothing', () => ({}), 'subject is required; action is required; resource is required'],
    ['a subject that is null', () => ({ ...good(), subject: null }), 'subject is required'],
    ['a subject that is a text', () => ({ ...good(), subject: 'alice' }), 'subject must be an object'],
    ['a subject that is a list', () => ({ ...good(), subject: [] }), 'subject must be an object'],
    ['no type of the subject', () => without('subject', 'type'), 'subject.type is required'],
    ['no id of the subject', () => without('subject', 'id'), 'subject.id is required'],
    ['an empty id of the subject', () => having('subject', { id: '' }), 'subject.id is required'],
    ['an id that is a number', () => having('subject', { id: 7 }), 'subject.id must be a string'],
    [
      'a type of the subject that is a list',
      () => having('subject', { type: ['user'] }),
      'subject.type must be a string',
    ],
    ['no name of the action', () => without('action', 'name'), 'action.name is required'],
    ['a name that is a number', () => having('action', { name: 123 }), 'action.name must be a string'],
    ['no type of the resource', () => without('resource', 'type'), 'resource.type is required'],
    ['no id of the resource', () => without('resource', 'id'), 'resource.id is required'],
    ['an empty id of the resource', () => having('resource', { id: '' }), 'resource.id is required'],
    [
      'properties that are none',
      () => having('resource', { properties: [1] }),
      'resource.properties must be an object',
    ],
    ['a context that is none', () => ({ ...good(), context: 'x' }), 'context must be an object'],
    ['too much context', () => ({ ...good(), context: many }), 'must hold at most 256 values'],
    ['too deep a context', () => ({ ...good(), context: { deep } }), 'must not be nested more than 8 deep'],
    [
      'too long a value',
      () => having('resource', { properties: { a: 'x'.repeat(1025) } }),
      'resource.properties must have at most',
    ],
    [
      'too much with the properties',
      () => ({ ...having('subject', { properties: many }) }),
      'must hold at most 256 values',
    ],
    [
      'a taken name',
      () => ({ ...good(), context: { subject_properties: {} } }),
      'context.subject_properties is a name',
    ],
  ])('is a bad request with %s', async (_what, body, message) => {
    const reply = await door.post(EVALUATION, body());
    expect(reply).toMatchObject({
      status: 400,
      headers: { 'gatehouse-reason': 'FIELD_INVALID', 'content-type': 'text/plain; charset=utf-8' },
    });
    expect(reply.body).toContain(message);
  });

  it.each([
    ['nothing at all', '', {}, 400, 'JSON_MALFORMED'],
    ['half of it', '{"subject":', {}, 400, 'JSON_MALFORMED'],
    ['half a character', '{"resource":{"id":"\\ud800"}}', {}, 400, 'JSON_NOT_UNICODE'],
    ['a list', '[]', {}, 400, 'FIELD_INVALID'],
    ['null', 'null', {}, 400, 'FIELD_INVALID'],
    ['a member twice', '{"subject":{},"subject":{}}', {}, 400, 'JSON_NAME_REPEATED'],
    ['too deep a body', `{"x":${'['.repeat(100)}${']'.repeat(100)}}`, {}, 400, 'JSON_TOO_DEEP'],
    ['another type', '{}', { 'content-type': 'text/plain' }, 400, 'CONTENT_TYPE_NOT_ACCEPTED'],
    ['too large a body', JSON.stringify({ x: 'x'.repeat(256 * 1024) }), {}, 413, 'BODY_TOO_LARGE'],
  ])('is refused with %s', async (_what, body, headers, status, reason) => {
    const reply = await door.post(EVALUATION, body, { headers: { 'x-request-id': 'any id', ...headers } });
    expect(reply).toMatchObject({ status, headers: { 'gatehouse-reason': reason, 'x-request-id': 'any id' } });
    expect(reply.body).toMatch(/^[A-Z].+\.$/);
  });

  it.each([
    ['GET', EVALUATION, 405, 'METHOD_NOT_ALLOWED'],
    ['PUT', EVALUATION, 405, 'METHOD_NOT_ALLOWED'],
    ['POST', METADATA, 405, 'METHOD_NOT_ALLOWED'],
    ['POST', `${EVALUATION}/`, 404, 'NOT_FOUND'],
    ['POST', '/access/v2/evaluation', 404, 'NOT_FOUND'],
  ])('is refused as %s %s', async (method, path, status, reason) => {
    const reply = await door.post(path, method === 'GET' ? '' : '{}', { method });
    expect(reply).toMatchObject({ status, headers: { 'gatehouse-reason': reason } });
  });

  it('is refused when it does not come in time, and comes to nothing when it is cut off', async () => {
    const { ca, cert, key } = await door.certificate('app/shop');
    const tls = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
    const begin = () => {
      const headers = { 'content-type': 'application/json', 'content-length': '100' };
      const message = request(door.url + EVALUATION, { method: 'POST', headers, ...tls, agent: false });
      message.write('{"subject"');
      return message;
    };
    const cut = begin().on('error', () => {});
    await new Promise((resolve) => cut.once('socket', (socket) => socket.once('secureConnect', resolve)));
    cut.destroy();
    const slow = begin();
    const status = await new Promise((resolve, reject) => {
      slow.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
    });
    slow.destroy();
    expect(status).toBe(408);
  });
});

describe('who may ask', () => {
  it.each(['app/shop', 'edge/envoy', 'operator/ada', 'identity', 'session', 'audit', 'ops'])('is %s', async (peer) => {
    expect((await door.post(EVALUATION, evaluation(alice, 'read', record()), { peer })).status).toBe(200);
  });

  it.each(['authz', 'stranger', 'apps/shop'])('is not %s, who learns nothing', async (peer) => {
    for (const path of [EVALUATION, EVALUATIONS]) {
      const reply = await door.post(path, evaluation(alice, 'read', record()), { peer });
      expect(reply).toMatchObject({ status: 403, headers: { 'gatehouse-reason': 'PEER_NOT_ALLOWED' } });
    }
  });

  it('is nobody without a certificate', async () => {
    const { ca } = await door.certificate('app/shop');
    const asked = new Promise((resolve, reject) => {
      const options = { method: 'GET', ca: readFileSync(ca), agent: false } as const;
      request(door.url + METADATA, options, resolve)
        .once('error', reject)
        .end();
    });
    await expect(asked).rejects.toThrow();
    await expect(ask(`http://127.0.0.1:${door.port}${METADATA}`)).rejects.toThrow();
  });
});

describe('how fresh an answer is', () => {
  const decide = async (userId: string, consistency: string) => {
    const headers = { 'gatehouse-consistency': consistency };
    return door.post(EVALUATION, evaluation(userId, 'read', record()), { headers });
  };

  it('is what the header asks for', async () => {
    const userId = randomUUID();
    await door.warm(userId);
    const token = await door.give(userId, ['record:read']);
    expect((await decide(userId, `at_least_as_fresh=${token}`)).body).toBe('{"decision":true}');
    const fromPostgres = await door.answeredBy('l3');
    expect((await decide(userId, 'fully_consistent')).body).toBe('{"decision":true}');
    expect(await door.answeredBy('l3')).toBe(fromPostgres + 1);
    await door.warm(userId);
    const fromMemory = await door.answeredBy('l1');
    expect((await decide(userId, 'minimize_latency')).body).toBe('{"decision":true}');
    expect(await door.answeredBy('l1')).toBe(fromMemory + 1);
  });

  it.each(['', 'FULLY_CONSISTENT', 'at_least_as_fresh', 'eventual'])('can not be "%s"', async (consistency) => {
    const reply = await decide(alice, consistency);
    expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': 'FIELD_INVALID' } });
    expect(reply.body).toContain('Gatehouse-Consistency must be "minimize_latency"');
  });

  it.each(['', 'x', formatToken({ modelRevision: 2n ** 40n })])('can not be that of the token "%s"', async (token) => {
    expect(await decide(alice, `at_least_as_fresh=${token}`)).toMatchObject({
      status: 400,
      headers: { 'gatehouse-reason': 'CONSISTENCY_TOKEN_INVALID' },
    });
  });
});

describe('the metadata', () => {
  const members = (base: string) => ({
    policy_decision_point: base,
    access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    access_evaluations_endpoint: `${base}/access/v1/evaluations`,
    search_subject_endpoint: `${base}/access/v1/search/subject`,
    search_resource_endpoint: `${base}/access/v1/search/resource`,
    search_action_endpoint: `${base}/access/v1/search/action`,
  });
  const read = async (url: string, host?: string) =>
    ask(url + METADATA, { headers: { ...(host && { host }) } }, await door.certificate('app/shop'));

  it('is for the URL at which it was asked for', async () => {
    const reply = await read(door.url);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'max-age=3600' },
    });
    expect(JSON.parse(reply.body)).toEqual(members(door.url));
    expect(JSON.parse((await read(door.url, 'pdp.example.com')).body)).toEqual(members('https://pdp.example.com'));
  });

  it('is for no URL that a host can not have', async () => {
    expect(await read(door.url, 'pdp.example.com/x?')).toMatchObject({
      status: 400,
      headers: { 'gatehouse-reason': 'HOST_INVALID' },
    });
  });

  it('is for the URL that is set, whatever host is named', async () => {
    const { database, redis } = door.service;
    const set = await startAuthzen({ database, redis, env: { GATEHOUSE_AUTHZ_HTTP_URL: 'https://pdp.example.com' } });
    try {
      expect(JSON.parse((await read(set.url)).body)).toEqual(members('https://pdp.example.com'));
    } finally {
      await set.stop();
    }
  });
});
