import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { ask } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken } from '../src/domain/consistency.ts';
import { type AuthzenFixture, EVALUATION, EVALUATIONS, evaluation, METADATA, startAuthzen } from './authzen-door.ts';

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
    ['an id that is no UUID', () => having('subject', { id: 'alice' }), 'subject.id must be a UUID in lower case'],
    ['a subject of another type', () => having('subject', { type: 'spaceship' }), 'subject.type must be "user" or'],
    ['no name of the action', () => without('action', 'name'), 'action.name is required'],
    ['a name that is a number', () => having('action', { name: 123 }), 'action.name must be a string'],
    ['a name that stands for all', () => having('action', { name: '*' }), 'action.name must have 1 to 63'],
    ['no type of the resource', () => without('resource', 'type'), 'resource.type is required'],
    ['a type with a colon', () => having('resource', { type: 'a:b' }), 'resource.type must have 1 to 63'],
    ['no id of the resource', () => without('resource', 'id'), 'resource.id is required'],
    ['an empty id of the resource', () => having('resource', { id: '' }), 'resource.id is required'],
    ['an id with a space', () => having('resource', { id: 'a b' }), 'resource.id must be an id, or a path'],
    [
      'a path to another type',
      () => having('resource', { id: 'record/1/page/2' }),
      'resource.id must be an id, or a path',
    ],
    ['half a path', () => having('resource', { id: '7/record/2' }), 'resource.id must be an id, or a path'],
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
    [
      'an address that is none',
      () => having('subject', { properties: { ip_address: 'here' } }),
      'ip_address must be an IP',
    ],
    [
      'a level that is none',
      () => having('subject', { properties: { authentication_level: 'high' } }),
      'level must be a whole',
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
