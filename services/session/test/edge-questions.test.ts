import { Failure } from '@gatehouse/failure';
import { AuthzServiceService, type CheckRequest, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { mount } from '@gatehouse/rpc';
import { startStandIn } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Doors, startDoors } from './edge-doors.ts';

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

const pass = async (sessionToken: string, policy: Record<string, string>) => {
  const headers = { authorization: `Bearer ${sessionToken}` };
  for (const door of [doors.grpc, doors.http]) expect(await door({ headers, policy })).toMatchObject({ status: 200 });
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
