import { describe, expect, it } from 'vitest';
import { followSequence, type ResetCause } from './sequence.ts';

const BOUND_MS = 1000;
const GRACE_MS = 100;

function follow() {
  const resets: (ResetCause | 'loss')[] = [];
  const sequence = followSequence({
    boundMs: BOUND_MS,
    graceMs: GRACE_MS,
    reset: (cause) => resets.push(cause),
    lost: () => resets.push('loss'),
  });
  const beat = (sentAtMs: number, number: number, history = 'h1') =>
    sequence.answered(sequence.ask(sentAtMs), { number, history }, sentAtMs + 1);
  return { sequence, resets, beat };
}

const answer = (number: number) => ({ number, history: 'h1' });

function synchronized(number: number) {
  const follower = follow();
  follower.sequence.subscribed(0);
  follower.beat(10, number);
  follower.resets.length = 0;
  return follower;
}

describe('a sequence', () => {
  it('proves nothing before the subscription stands', () => {
    const { sequence, beat } = follow();
    beat(10, 5);
    expect(sequence.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is not proven by an answer to a question from before the subscription', () => {
    const { sequence } = follow();
    const question = sequence.ask(10);
    sequence.subscribed(20);
    sequence.answered(question, answer(5), 30);
    expect(sequence.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('resets once on a new subscription, before it is proven', () => {
    const { sequence, resets, beat } = follow();
    sequence.subscribed(0);
    expect(resets).toEqual([]);
    beat(10, 5);
    expect(resets).toEqual(['reconnect']);
    expect(sequence.provenAtMs).toBe(10);
  });

  it('is proven by the time a question was sent, not by that of its answer', () => {
    const { sequence } = synchronized(5);
    sequence.answered(sequence.ask(200), answer(5), 400);
    expect(sequence.provenAtMs).toBe(200);
  });

  it('takes messages in order without a reset', () => {
    const { sequence, resets, beat } = synchronized(5);
    for (const number of [6, 7, 8]) sequence.heard(number, 20);
    beat(30, 8);
    expect(resets).toEqual([]);
    expect(sequence.provenAtMs).toBe(30);
  });

  it('takes messages that were on their way when it synchronized', () => {
    const { sequence, resets } = synchronized(5);
    for (const number of [4, 5, 6]) sequence.heard(number, 20);
    expect(resets).toEqual([]);
  });

  it('resets on a gap, and goes on from there', () => {
    const { sequence, resets } = synchronized(5);
    sequence.heard(7, 20);
    sequence.heard(8, 20);
    expect(resets).toEqual(['gap', 'loss']);
  });

  it('resets on a message whose number it has heard', () => {
    const { sequence, resets } = synchronized(5);
    for (const number of [6, 7, 6, 7]) sequence.heard(number, 20);
    expect(resets).toEqual(['back', 'loss']);
  });

  it('resets when the server knows fewer messages than were heard before it was asked', () => {
    const { resets, beat } = synchronized(5);
    beat(30, 0);
    expect(resets).toEqual(['back', 'loss']);
  });

  it('does not mistake an answer that a message has overtaken for a server that went back', () => {
    const { sequence, resets } = synchronized(5);
    const question = sequence.ask(30);
    sequence.heard(6, 31);
    sequence.answered(question, answer(5), 32);
    expect(resets).toEqual([]);
    expect(sequence.provenAtMs).toBe(30);
  });

  it('waits for a message that an answer has overtaken, and is proven when it arrives', () => {
    const { sequence, resets, beat } = synchronized(5);
    beat(30, 7);
    expect(sequence.provenAtMs).toBe(10);
    sequence.heard(6, 40);
    expect(sequence.provenAtMs).toBe(10);
    sequence.heard(7, 41);
    expect(sequence.provenAtMs).toBe(30);
    expect(sequence.overdue(1000)).toBe(false);
    expect(resets).toEqual([]);
  });

  it('is overdue when a message has not arrived within the grace, whatever later answers say', () => {
    const { sequence, beat } = synchronized(5);
    beat(30, 6);
    beat(90, 7);
    expect(sequence.overdue(31 + GRACE_MS - 1)).toBe(false);
    expect(sequence.overdue(31 + GRACE_MS)).toBe(true);
  });

  it('names the cause on the reset that follows a subscription that was given up', () => {
    const { sequence, resets, beat } = synchronized(5);
    sequence.unsubscribed('behind');
    expect(sequence.provenAtMs).toBe(Number.NEGATIVE_INFINITY);
    sequence.subscribed(50);
    beat(60, 9);
    expect(resets).toEqual(['behind']);
    expect(sequence.provenAtMs).toBe(60);
  });

  it('resets when it was unproven for the bound, before it is proven again', () => {
    const { sequence, resets, beat } = synchronized(5);
    beat(10 + BOUND_MS, 5);
    expect(resets).toEqual(['lapse']);
    expect(sequence.provenAtMs).toBe(10 + BOUND_MS);
  });

  it('resets after the connection was interrupted, because another server may answer', () => {
    const { sequence, resets, beat } = synchronized(5);
    sequence.interrupted();
    sequence.heard(7, 20);
    beat(30, 7);
    beat(40, 7);
    expect(resets).toEqual(['gap', 'loss', 'lapse']);
  });

  it('finds messages that were lost between the subscription and the first answer', () => {
    const { sequence, resets, beat } = follow();
    sequence.subscribed(0);
    sequence.heard(3, 1);
    sequence.heard(6, 2);
    expect(resets).toEqual([]);
    beat(10, 6);
    expect(resets).toEqual(['reconnect']);
  });

  it('takes the first message of all for no loss, wherever it begins', () => {
    const { sequence, resets } = synchronized(0);
    sequence.heard(1_763_668_800_000_001, 20);
    expect(resets).toEqual(['gap']);
  });

  it('knows a loss also when the subscription was renewed in between', () => {
    const { sequence, resets, beat } = synchronized(5);
    sequence.heard(6, 20);
    sequence.unsubscribed('reconnect');
    sequence.subscribed(50);
    beat(60, 5);
    expect(resets).toEqual(['reconnect', 'loss']);
  });

  it('knows a server that took over by its history, though its number is the same or has passed the old one', () => {
    const { sequence, resets, beat } = synchronized(5);
    beat(30, 5, 'h2');
    expect(resets).toEqual(['failover', 'loss']);
    expect(sequence.provenAtMs).toBe(30);
    beat(40, 5, 'h2');
    beat(50, 9, 'h3');
    expect(resets).toEqual(['failover', 'loss', 'failover', 'loss']);
  });

  it('takes a server that does not tell its history for the one that it was', () => {
    const { resets, beat } = synchronized(5);
    beat(30, 5, '');
    beat(40, 5, 'h1');
    expect(resets).toEqual([]);
  });

  it('goes on from a server that took over, whatever number the old one had reached', () => {
    const { sequence, resets, beat } = synchronized(5);
    for (const number of [6, 7, 8, 9]) sequence.heard(number, 20);
    beat(30, 6, 'h2');
    sequence.heard(7, 40);
    sequence.heard(8, 41);
    beat(50, 8, 'h2');
    expect(resets).toEqual(['failover', 'loss']);
    expect(sequence.provenAtMs).toBe(50);
  });
});
