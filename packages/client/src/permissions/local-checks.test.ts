import { describe, expect, it } from 'vitest';
import { EVALUATION_STEPS_MAX, type StepCount } from '../condition/steps.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import { type Condition, compileModel, plainGrant } from '../policy/index.ts';
import type { KnownUser } from './grants-memory.ts';
import { createLaterChecks } from './later-checks.ts';
import { createLocalChecks } from './local-checks.ts';
import type { PermissionQuestion } from './permission-question.ts';

const ANN = '0190a0b0-0000-7000-8000-000000000001';
const BOB = '0190a0b0-0000-7000-8000-000000000002';
const held = { name: 'documents:read', effect: 'allow' as const, condition: undefined };
const model = {
  model: compileModel(1n, [{ id: 'reader', name: 'reader', parentId: undefined, permissions: [held] }]),
  isReadable: true,
};

/** A condition that takes as long as one may, and holds for Bob. */
function heavy(source: string): Condition {
  return {
    source,
    evaluate({ userId }, count?: StepCount) {
      if (count) count.steps += EVALUATION_STEPS_MAX;
      return { outcome: userId === BOB ? 'true' : 'false', why: '' };
    },
    facts: () => [],
  } as Partial<Condition> as Condition;
}

const userWith = (userId: string, conditions: number, given: Partial<KnownUser> = {}): KnownUser => ({
  userId,
  revision: 1n,
  modelRevision: 1n,
  grants: Array.from({ length: conditions }, (_, index) => ({ ...plainGrant('reader'), condition: heavy(`${index}`) })),
  isReadable: true,
  ...given,
});
const question = (userId: string): PermissionQuestion => ({ userId, permission: 'documents:read' });
const signal = new AbortController().signal;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('a check in the memory of this process whose conditions take long', () => {
  it('goes on in later turns, each with its own question', async () => {
    await nextTurn();
    const local = createLocalChecks();
    const ann = local.decide(question(ANN), userWith(ANN, 9), model, 0);
    const bob = local.decide(question(BOB), userWith(BOB, 9), model, 0);
    if (typeof ann !== 'function' || typeof bob !== 'function') throw new Error('They were decided in one turn.');
    expect(local.decide(question(ANN), userWith(ANN, 0), model, 0)).toEqual({ isAllowed: false, undetermined: '' });
    const answers = await Promise.all([ann(signal), bob(signal)]);
    expect(answers.map((answer) => answer?.isAllowed)).toEqual([false, true]);
  });

  it('is refused as the service would refuse it', async () => {
    const local = createLocalChecks();
    const known = local.decide(question(ANN), userWith(ANN, 11), model, 0);
    if (typeof known !== 'function') throw new Error('It was decided in one turn.');
    const refused = { code: 'RESOURCE_EXHAUSTED', reason: 'QUESTION_STEPS_TOO_MANY' };
    await expect(known(signal)).rejects.toMatchObject(refused);
  });

  it('ends when nobody waits for it any more', async () => {
    const local = createLocalChecks();
    const known = local.decide(question(ANN), userWith(ANN, 9), model, 0);
    if (typeof known !== 'function') throw new Error('It was decided in one turn.');
    const abort = new AbortController();
    const given = known(abort.signal);
    abort.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
  });
});

describe('a caller whose check goes on later', () => {
  it.each([
    ['it aborts', undefined, 'CANCELLED'],
    ['it has waited long enough', 1, 'DEADLINE_EXCEEDED'],
    ['the client is closed', undefined, 'UNAVAILABLE'],
  ])('is told so when %s, and the work ends', async (when, timeoutMs, code) => {
    const checks = createLaterChecks(60_000);
    const caller = new AbortController();
    const ended = Promise.withResolvers<void>();
    const later = (given: AbortSignal) =>
      new Promise<undefined>((_, reject) => {
        given.addEventListener('abort', () => {
          ended.resolve();
          reject(given.reason);
        });
      });
    const given = checks.finish(later, { signal: caller.signal, timeoutMs });
    if (when === 'it aborts') caller.abort();
    if (when === 'the client is closed') checks.end(new GatehouseError('UNAVAILABLE', 'CLOSED', 'Closed.'));
    await expect(given).rejects.toMatchObject({ code });
    await ended.promise;
  });
});
