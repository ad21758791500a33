import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cerbosConfig, cerbosPolicies } from '../src/peers/cerbos-policies.ts';
import { type CerbosMessages, cerbosChecks } from '../src/peers/cerbos-questions.ts';
import { checksOfOneUser } from '../src/work/one-user.ts';

const USER = { userId: 'ada', roles: ['editor-0', 'viewer-1'] };
const KNOWN = [
  { ...USER, permission: 'documents-0:read', expected: Decision.DECISION_ALLOWED },
  { ...USER, permission: 'documents-1:write', expected: Decision.DECISION_DENIED },
];

/** Messages as JSON, so that no package of the peer is needed. */
const messages: CerbosMessages = {
  encode: (request) => Buffer.from(JSON.stringify(request)),
  decode: (response) => JSON.parse(Buffer.from(response).toString()),
};

/** What Cerbos answers, by the policies that it is given. */
function answerOf(request: Uint8Array, wrong = ''): Buffer {
  const { principal, resources } = JSON.parse(Buffer.from(request).toString());
  const results = resources.map(
    ({ resource, actions: [action] }: { resource: { kind: string }; actions: string[] }) => {
      const { rules } = parse(cerbosPolicies().get(`${resource.kind}.yaml`) ?? '').resourcePolicy;
      const rule = rules.find(({ actions }: { actions: string[] }) => actions.includes(action ?? ''));
      const isAllowed = principal.roles.some((role: string) => rule.roles.includes(role)) !== (wrong === action);
      return { resource, actions: { [action ?? '']: isAllowed ? 'EFFECT_ALLOW' : 'EFFECT_DENY' } };
    },
  );
  return Buffer.from(JSON.stringify({ results }));
}

describe('the same questions for Cerbos', () => {
  it('are answered by its policies as ours are by the model', () => {
    for (const { request, judge } of cerbosChecks(messages, KNOWN)) judge(answerOf(request));
    const ofOne = checksOfOneUser(KNOWN, 40);
    expect(ofOne.filter(({ expected }) => expected === Decision.DECISION_ALLOWED)).toHaveLength(6);
    const [batch] = cerbosChecks(messages, ofOne, 40);
    batch?.judge(answerOf(batch.request));
  });

  it('are not when one answer of a batch is wrong, or none comes', () => {
    const [batch] = cerbosChecks(messages, KNOWN, 2);
    expect(() => batch?.judge(answerOf(batch.request, 'write'))).toThrow('documents-1:write of ada');
    expect(() => batch?.judge(Buffer.from('{}'))).toThrow('Cerbos gave 0 results.');
  });

  it('are about one user at a time', () => {
    const [first, second] = KNOWN;
    if (!first || !second) throw new Error('There are two.');
    expect(() => cerbosChecks(messages, [first, { ...second, userId: 'bob' }], 2)).toThrow('one user');
  });
});

it('Cerbos listens on loopback only, and takes a whole batch', () => {
  const config = parse(cerbosConfig({ grpcPort: 1, httpPort: 2, policies: '/p', batch: 100 }));
  expect(config.server).toEqual({
    grpcListenAddr: '127.0.0.1:1',
    httpListenAddr: '127.0.0.1:2',
    requestLimits: { maxResourcesPerRequest: 100 },
  });
});
