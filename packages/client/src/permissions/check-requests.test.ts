import { type BatchCheckRequest, type CheckResult, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import { askService } from './check-requests.ts';

const TOO_MUCH = new GatehouseError('RESOURCE_EXHAUSTED', 'REQUEST_STEPS_TOO_MANY', 'Too much.');
const userOf = (number: number) => `0190a0b0-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const allowed: CheckResult = { decision: Decision.DECISION_ALLOWED, undetermined: '', error: undefined };
const failed = (reason: string, retryable: boolean): CheckResult => ({
  decision: Decision.DECISION_UNSPECIFIED,
  undetermined: '',
  error: { reason, message: 'No.', retryable },
});

/** A service that refuses batches of more than so many questions, and what it was asked. */
function serviceThat(refusesBeyond: number, answer: (userId: string) => CheckResult = () => allowed) {
  const batches: number[] = [];
  const channel = {
    async call(_rpc: unknown, { items }: BatchCheckRequest) {
      batches.push(items.length);
      if (items.length > refusesBeyond) throw TOO_MUCH;
      return { results: items.map(({ userId }) => answer(userId)) };
    },
  } as unknown as Channel;
  const ask = (count: number) =>
    askService(channel, {
      subjects: Array.from({ length: count }, (_, index) => ({ userId: userOf(index), permission: 'a:b' })),
      freshness: 'bounded',
      consistencyToken: '',
      timeoutMs: 60_000,
      signal: new AbortController().signal,
    });
  return { batches, ask };
}

describe('questions that are asked together', () => {
  it('are asked again in tens when they take too much together, in their order', async () => {
    const service = serviceThat(10, (userId) =>
      userId === userOf(7) ? failed('QUESTION_STEPS_TOO_MANY', false) : allowed,
    );
    const findings = await service.ask(25);
    expect(service.batches).toEqual([25, 10, 10, 5]);
    expect(findings).toHaveLength(25);
    expect(findings[7]).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'QUESTION_STEPS_TOO_MANY' });
    expect(findings.filter((each) => !(each instanceof GatehouseError))).toHaveLength(24);
  });

  it('are not asked for ever', async () => {
    const service = serviceThat(0);
    await expect(service.ask(10)).rejects.toBe(TOO_MUCH);
    expect(await service.ask(11)).toEqual(Array(11).fill(TOO_MUCH));
    expect(service.batches).toEqual([10, 11, 10, 1]);
  });

  it.each([
    ['QUESTION_STEPS_TOO_MANY', false, 'RESOURCE_EXHAUSTED'],
    ['CONDITIONS_BUSY', true, 'RESOURCE_EXHAUSTED'],
    ['POSTGRES_UNAVAILABLE', true, 'UNAVAILABLE'],
    ['DEADLINE_EXCEEDED', true, 'DEADLINE_EXCEEDED'],
    ['CONSISTENCY_TOKEN_INVALID', false, 'INVALID_ARGUMENT'],
    ['constructor', false, 'INVALID_ARGUMENT'],
  ])('fail by themselves with %s', async (reason, retryable, code) => {
    const { ask } = serviceThat(10, () => failed(reason, retryable));
    expect(await ask(1)).toEqual([expect.objectContaining({ code, reason })]);
  });
});
