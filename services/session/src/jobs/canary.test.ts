import { Failure } from '@gatehouse/failure';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { CanarySession } from '../store/canary-session.ts';
import { startCanary } from './canary.ts';

const BOUND_MS = 100;
const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop();
});

/** A canary that is worked by hand. */
function handSession(session: Partial<CanarySession>): CanarySession {
  return {
    revive: async () => true,
    revoke: () => {},
    tell: async () => {},
    isAccepted: async () => false,
    onNotice: () => {},
    close: () => {},
    ...session,
  };
}

function fly(session: Partial<CanarySession>) {
  const registry = createRegistry('test');
  const warnings: unknown[] = [];
  const logger = Object.assign(Object.create(silentLogger), { warn: (fields: unknown) => warnings.push(fields) });
  started.push(startCanary({ session: handSession(session), everyMs: 5, boundMs: BOUND_MS, logger, registry }));
  const count = async (result: string) =>
    Number(
      new RegExp(`session_canaries_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`).exec(
        await registry.metrics(),
      )?.[1] ?? 0,
    );
  const flown = async () =>
    Number(/session_revoke_to_refuse_seconds_count\{[^}]*\} (\d+)/.exec(await registry.metrics())?.[1]);
  return { warnings, count, flown };
}

describe('a canary', () => {
  it('that is refused only after the bound counts as late, and is told of once in a row', async () => {
    let revokedAtMs = 0;
    const canary = fly({
      revoke: () => {
        revokedAtMs = performance.now();
      },
      isAccepted: async () => performance.now() - revokedAtMs < BOUND_MS * 1.5,
    });
    await waitFor(async () => (await canary.count('late')) >= 2);
    expect(await canary.flown()).toBeGreaterThanOrEqual(2);
    expect(canary.warnings).toHaveLength(1);
  });

  it('that is not refused at all is given up, and counted', async () => {
    const canary = fly({ isAccepted: async () => true });
    await waitFor(async () => (await canary.count('never')) >= 1);
    expect(await canary.flown()).toBe(0);
    expect(canary.warnings).toMatchObject([{ result: 'never' }]);
  });

  it('that memory would not answer is skipped, without a word', async () => {
    const canary = fly({ revive: async () => false });
    await waitFor(async () => (await canary.count('skipped')) >= 3);
    expect(await canary.flown()).toBe(0);
    expect(canary.warnings).toEqual([]);
  });

  it('that flies when the instance stops does not hold it up', async () => {
    const registry = createRegistry('test');
    let isFlying = false;
    const session = handSession({
      isAccepted: async () => {
        isFlying = true;
        return true;
      },
    });
    const canary = startCanary({ session, everyMs: 1, boundMs: 60_000, logger: silentLogger, registry });
    await waitFor(() => isFlying, { everyMs: 1 });
    await canary.stop();
    expect(await registry.metrics()).not.toMatch(/session_canaries_total\{[^}]*result/);
  });

  it('whose end Redis does not take is told of again', async () => {
    let attempts = 0;
    let taken = false;
    const canary = fly({
      tell: async () => {
        attempts += 1;
        if (attempts < 2) throw new Failure('unavailable', 'REDIS_UNAVAILABLE', 'down');
        taken = true;
      },
      isAccepted: async () => !taken,
    });
    await waitFor(async () => (await canary.flown()) >= 1);
    expect(attempts).toBeGreaterThanOrEqual(2);
  });

  it('is looked at when word of its end comes, and not only after a while', async () => {
    let looks = 0;
    let notice = () => {};
    const canary = fly({
      onNotice: (listener) => {
        notice = listener;
      },
      tell: async () => notice(),
      isAccepted: async () => {
        looks += 1;
        return false;
      },
    });
    await waitFor(async () => (await canary.flown()) >= 3);
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(await canary.count('refused')).toBeGreaterThanOrEqual(3);
  });
});
