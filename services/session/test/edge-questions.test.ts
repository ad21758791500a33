import { Failure } from '@gatehouse/failure';
import { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { AuthzServiceService, type CheckRequest, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { mount } from '@gatehouse/rpc';
import { bidiClient, envoyCheckRequest, startStandIn } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Doors, type EdgeCase, startDoors } from './edge-doors.ts';

let authz: Awaited<ReturnType<typeof startStandIn>>;
let doors: Doors;
let asked: CheckRequest[] = [];
/** Whether authz knows of the state that a token is of. */
let knowsToken = true;

beforeAll(async () => {
  const check = (request: CheckRequest) => {
    asked.push(request);
    if (request.consistency?.requirement?.$case === 'atLeastAsFresh' && !knowsToken) {
      throw new Failure('invalid', 'CONSISTENCY_TOKEN_INVALID', 'It is of a state that the database has not reached.');
    }
    return { decision: Decision.DECISION_ALLOWED, undetermined: '' };
  };
  const definition = { check: AuthzServiceService.check };
  authz = await startStandIn({
    name: 'authz',
    services: [mount(definition, { check }, { check: { peers: ['session'] } })],
  });
  doors = await startDoors({ env: { GATEHOUSE_AUTHZ_ADDRESS: authz.address } });
});
afterAll(async () => {
  await doors?.stop();
  await authz?.stop();
});
beforeEach(() => {
  asked = [];
  knowsToken = true;
});

const pass = async (sessionToken: string, policy: Record<string, string>, more: EdgeCase = {}) => {
  const headers = { authorization: `Bearer ${sessionToken}` };
  for (const door of [doors.grpc, doors.http]) {
    expect(await door({ headers, policy, ...more })).toMatchObject({ status: 200 });
  }
};
const advance = (userId: string) =>
  doors.rig.service
    .connectAs('authz', SessionServiceService)
    .advanceAuthzTokens({ tokens: [{ userId, token: 'AQID', position: 1n }] });

it('authz is asked about the resource of the route, and told of the address and the level', async () => {
  const { sessionToken, session } = await doors.rig.create();
  await pass(sessionToken, { permission: 'projects:read', resource: 'tenant/7/project/42' });
  expect(asked).toHaveLength(2);
  for (const request of asked) {
    expect(request).toMatchObject({
      userId: session.userId,
      permission: 'projects:read',
      resource: 'tenant/7/project/42',
      consistency: { requirement: { $case: 'minimizeLatency' } },
      context: { authenticationLevel: 1, resourceAttributes: undefined, attributes: undefined },
    });
    expect(request.context?.ip).toMatch(/^[0-9.]+$/);
  }
});

/** The address of the connection in what Envoy asks. */
const CONNECTION = '198.51.100.23';

it.each([
  ['that the edge vouches for', 'edge/envoy', '203.0.113.9', '203.0.113.9'],
  ['of version 6 that it vouches for', 'edge/envoy', '2001:db8::7', '2001:db8::7'],
  ['of its connection, where the edge vouches for none', 'edge/envoy', undefined, CONNECTION],
  ['of its connection, where somebody else vouches for another', 'operator/test', '203.0.113.9', CONNECTION],
  ['of nobody, where what the edge vouches for is none', 'edge/envoy', '/run/envoy.sock', ''],
  ['that the edge vouches for, without the port at it', 'edge/envoy', '203.0.113.9:443', '203.0.113.9'],
  ['of nobody, where the edge vouches for two', 'edge/envoy', '203.0.113.9, 10.0.0.1', ''],
  ['of nobody, where the edge vouches for nothing', 'edge/envoy', '', ''],
])('authz is told the address %s (%s, %j)', async (_what, peer, vouched, expected) => {
  const { sessionToken } = await doors.rig.create();
  const client = await bidiClient(doors.rig.service, peer);
  const headers: Record<string, string> = vouched === undefined ? {} : { 'x-gatehouse-client-address': vouched };
  const call = client.open(AuthorizationService.check, headers);
  // What the client sends under the name of the metadata is a header like any other.
  const request = envoyCheckRequest({
    authorization: `Bearer ${sessionToken}`,
    'x-gatehouse-client-address': '127.0.0.1',
    'x-forwarded-for': '127.0.0.1',
  });
  if (request.attributes) request.attributes.contextExtensions = { permission: 'projects:read' };
  call.send(request);
  call.finish();
  expect(await call.ended).toMatchObject({ code: 0 });
  client.close();
  expect(call.responses[0]?.status?.code).toBe(0);
  expect(asked.map(({ context }) => context?.ip)).toEqual([expected]);
});

it.each([
  ['10.1.2.3', '10.1.2.3'],
  ['10.1.2.3:443', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::FFFF:0A01:0203', '10.1.2.3'],
  ['[::ffff:10.1.2.3]:443', '10.1.2.3'],
  ['2001:0DB8:0::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:8443', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['/run/envoy.sock', ''],
  ['unknown', ''],
  ['"10.1.2.3"', ''],
  ['010.001.002.003', ''],
])('an address is told in its one form, and none where the proxy tells none: %s is %j', async (address, ip) => {
  const { sessionToken } = await doors.rig.create();
  await pass(sessionToken, { permission: 'projects:read' }, { address });
  expect(asked.map(({ context }) => context?.ip)).toEqual([ip, ip]);
});

it.each([
  ['192.0.2.1, 10.1.2.3:443', '10.1.2.3'],
  ['10.1.2.3, [2001:db8::1]:443', '2001:db8::1'],
  ['10.1.2.3,\t192.0.2.1 ', '192.0.2.1'],
  ['10.1.2.3, \xa0192.0.2.1', ''],
  ['10.1.2.3,', ''],
  ['10.1.2.3, , ', ''],
])('of X-Forwarded-For the last entry counts, and no other in its place: %j is %j', async (forwarded, ip) => {
  const { sessionToken } = await doors.rig.create();
  const headers = { authorization: `Bearer ${sessionToken}` };
  const asking = { headers, policy: { permission: 'projects:read' }, address: forwarded };
  expect(await doors.http(asking)).toMatchObject({ status: 200 });
  expect(asked.map(({ context }) => context?.ip)).toEqual([ip]);
});

it('a session that knows of a token has it asked for, without another round', async () => {
  const { sessionToken, session } = await doors.rig.create();
  await advance(session.userId);
  await pass(sessionToken, { permission: 'projects:read' });
  expect(asked.map(({ consistency }) => consistency?.requirement)).toEqual([
    { $case: 'atLeastAsFresh', value: 'AQID' },
    { $case: 'atLeastAsFresh', value: 'AQID' },
  ]);
});

it('a token from before authz was restored keeps nobody out: the database is asked', async () => {
  knowsToken = false;
  const { sessionToken, session } = await doors.rig.create();
  await advance(session.userId);
  await pass(sessionToken, { permission: 'projects:read' });
  expect(asked.map(({ consistency }) => consistency?.requirement?.$case)).toEqual([
    'atLeastAsFresh',
    'fullyConsistent',
    'atLeastAsFresh',
    'fullyConsistent',
  ]);
});
