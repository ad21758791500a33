import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
} from '../authzen-door.ts';

// No store has ever answered, so that nothing is known.
let door: AuthzenFixture;

beforeAll(async () => {
  const env = {
    GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse',
    GATEHOUSE_AUTHZ_REDIS_URL: 'redis://127.0.0.1:1',
  };
  door = await startAuthzen({ env });
});
afterAll(() => door?.stop());

const resource = { type: 'record', id: '1' };
const asked = () => evaluation(randomUUID(), 'read', resource);

describe('while no store answers', () => {
  it.each([
    ['an evaluation', EVALUATION, asked],
    ['one evaluation of many', EVALUATIONS, asked],
    ['a search for subjects', SUBJECTS, () => ({ ...asked(), subject: { type: 'user' } })],
    ['a search for resources', RESOURCES, asked],
    ['a search for actions', ACTIONS, asked],
  ])('%s is no denial, and may be tried again', async (_what, path, body) => {
    const reply = await door.post(path, body(), { headers: { 'x-request-id': 'r-1' } });
    expect(reply).toMatchObject({
      status: 503,
      headers: {
        'gatehouse-reason': expect.stringMatching(/UNAVAILABLE$|^DEADLINE_EXCEEDED$/),
        'retry-after': '1',
        'x-request-id': 'r-1',
        'content-type': 'text/plain; charset=utf-8',
      },
      body: 'The request could not be answered. Try again.',
    });
  });

  it('each of many evaluations is denied, with an error of its own', async () => {
    const decision = {
      decision: false,
      context: { error: { status: 503, message: expect.any(String), reason: expect.stringMatching(/[A-Z_]+/) } },
    };
    expect(await door.answer(EVALUATIONS, { evaluations: [asked(), asked()] })).toEqual({
      evaluations: [decision, decision],
    });
    const options = { evaluations_semantic: 'deny_on_first_deny' };
    expect(await door.answer(EVALUATIONS, { evaluations: [asked(), asked()], options })).toEqual({
      evaluations: [decision],
    });
  });

  it('the metadata is there', async () => {
    expect((await door.post(METADATA, '', { method: 'GET' })).status).toBe(200);
  });
});
