import { describe, expect, it } from 'vitest';
import { createFreshnessProof } from './freshness-proof.ts';

describe('freshness proof', () => {
  it('proves nothing before the first answer', () => {
    const proof = createFreshnessProof();
    proof.ask(5);
    expect(proof.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('counts from when the question was sent, less what the server did not know', () => {
    const proof = createFreshnessProof();
    const question = proof.ask(1_000);
    expect(proof.answered(question, 180)).toBe(1_000);
    expect(proof.provenAtMs).toBe(820);
  });

  it('never goes back', () => {
    const proof = createFreshnessProof();
    const first = proof.ask(1_000);
    const second = proof.ask(1_250);
    proof.answered(first, 0);
    proof.answered(second, 900);
    expect(proof.provenAtMs).toBe(1_000);
  });

  it('believes no answer to what was not asked, was answered, or was asked before the watch was lost', () => {
    const proof = createFreshnessProof();
    expect(proof.answered(7n, 0)).toBeUndefined();
    expect(proof.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
    const lost = proof.ask(1_000);
    proof.lost();
    proof.answered(lost, 0);
    expect(proof.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
    const question = proof.ask(2_000);
    proof.answered(question, 500);
    proof.answered(question, 0);
    expect(proof.provenAtMs).toBe(1_500);
  });
});
