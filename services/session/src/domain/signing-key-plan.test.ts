import { describe, expect, it } from 'vitest';
import { activeKey, type SigningKey, stateOf } from './signing-key.ts';
import {
  KEYS_IN_SET_MAX,
  type KeyPlan,
  keysToDestroy,
  keysToRemove,
  planDemandedRotation,
  planDueRotation,
  planRevocation,
} from './signing-key-plan.ts';

const START_MS = 1_900_000_000_000;
const DAY = 86_400;
const terms = { signingSeconds: 30 * DAY, maxAgeSeconds: 300, tokenLifetimeMaxSeconds: 3_600 };
const ms = (seconds: number) => START_MS + seconds * 1000;
const at = (seconds: number) => new Date(ms(seconds));
const NOTHING = { changed: [], newKeyActivatesAt: undefined };

function key(kid: string, times: Partial<SigningKey> = {}): SigningKey {
  return {
    kid,
    algorithm: 'ES256',
    publicJwk: { kty: 'EC', crv: 'P-256', x: '', y: '' },
    sealed: Buffer.of(1),
    createdAt: at(0),
    activatesAt: at(0),
    retiresAt: undefined,
    expiresAt: undefined,
    revokedAt: undefined,
    revokedReason: undefined,
    ...times,
  };
}

/** The keys after a plan. */
function after(keys: readonly SigningKey[], { changed, newKeyActivatesAt }: KeyPlan, seconds: number): SigningKey[] {
  const made = newKeyActivatesAt
    ? [key(`made-${seconds}`, { createdAt: at(seconds), activatesAt: newKeyActivatesAt })]
    : [];
  return [...made, ...keys.map((each) => changed.find(({ kid }) => kid === each.kid) ?? each)];
}

describe('what is due', () => {
  it('is a first key that signs at once, as nobody can have a key set yet', () => {
    expect(planDueRotation([], ms(0), terms)).toEqual({ changed: [], newKeyActivatesAt: at(0) });
  });

  it('is nothing while the active key has signed for less than its time, less what publishing takes', () => {
    expect(planDueRotation([key('a')], ms(30 * DAY - 361), terms)).toEqual(NOTHING);
  });

  it('is a successor, published in time, that takes over when the time of the active key is over', () => {
    const plan = planDueRotation([key('a')], ms(30 * DAY - 360), terms);
    expect(plan).toEqual({
      changed: [key('a', { retiresAt: at(30 * DAY), expiresAt: at(30 * DAY + 3_600 + 300 + 60) })],
      newKeyActivatesAt: at(30 * DAY),
    });
    expect(planDueRotation(after([key('a')], plan, 30 * DAY - 360), ms(30 * DAY - 1), terms)).toEqual(NOTHING);
  });

  it('is published for its whole time also when nobody looked for long', () => {
    const plan = planDueRotation([key('a')], ms(90 * DAY), terms);
    expect(plan.newKeyActivatesAt).toEqual(at(90 * DAY + 360));
    expect(plan.changed[0]?.retiresAt).toEqual(plan.newKeyActivatesAt);
  });

  it('lets the key that waits sign where no key is active', () => {
    const keys = [key('revoked', { revokedAt: at(5) }), key('waiting', { activatesAt: at(100) })];
    expect(planDueRotation(keys, ms(10), terms)).toEqual({
      changed: [key('waiting', { activatesAt: at(10) })],
      newKeyActivatesAt: undefined,
    });
  });

  it.each([
    [1, 30],
    [300, 1],
    [86_400, 1],
  ])(
    'over a year, with a max-age of %d seconds and %d days for each key, always has one key that signs',
    (maxAgeSeconds, days) => {
      const own = { ...terms, maxAgeSeconds, signingSeconds: days * DAY };
      let keys: SigningKey[] = [];
      for (let seconds = 0; seconds < 365 * DAY; seconds += 3_000) {
        keys = after(keys, planDueRotation(keys, ms(seconds), own), seconds);
        expect(keys.filter((each) => stateOf(each, ms(seconds)) === 'active')).toHaveLength(1);
        for (const each of keys.filter(({ kid }) => kid !== 'made-0')) {
          expect(each.activatesAt.getTime() - each.createdAt.getTime()).toBeGreaterThan(maxAgeSeconds * 1000);
        }
        const removed = new Set(keysToRemove(keys, ms(seconds)));
        keys = keys.filter((each) => !removed.has(each));
        expect(keys.length).toBeLessThan(8);
      }
    },
  );
});

describe('a rotation on demand', () => {
  it('publishes a successor before its time', () => {
    const plan = planDemandedRotation([key('a')], ms(DAY), terms);
    expect(plan.newKeyActivatesAt).toEqual(at(DAY + 360));
    expect(plan.changed).toMatchObject([{ kid: 'a', retiresAt: at(DAY + 360), expiresAt: at(DAY + 360 + 3_960) }]);
  });

  it('does nothing while a key waits', () => {
    const keys = [key('a', { retiresAt: at(100), expiresAt: at(200) }), key('b', { activatesAt: at(100) })];
    expect(planDemandedRotation(keys, ms(50), terms)).toEqual(NOTHING);
  });

  it('makes the first key where there is none', () => {
    expect(planDemandedRotation([], ms(0), terms)).toEqual({ changed: [], newKeyActivatesAt: at(0) });
  });

  it('is refused when the key set is full', () => {
    const retired = Array.from({ length: KEYS_IN_SET_MAX - 1 }, (_, i) =>
      key(`k${i}`, { retiresAt: at(1), expiresAt: at(1_000) }),
    );
    const refused = expect.objectContaining({ kind: 'limited', reason: 'SIGNING_KEYS_LIMIT' });
    expect(() => planDemandedRotation([key('a'), ...retired], ms(10), terms)).toThrow(refused);
    expect(planDemandedRotation([key('a'), ...retired.slice(1)], ms(10), terms).newKeyActivatesAt).toBeDefined();
    // What is due is done all the same, or nobody would sign.
    expect(planDueRotation([key('a'), ...retired], ms(30 * DAY), terms).newKeyActivatesAt).toBeDefined();
  });
});

describe('a revocation', () => {
  const revoke = (keys: readonly SigningKey[], kid: string, seconds: number) => {
    const target = keys.find((each) => each.kid === kid) ?? key('nobody');
    const plan = planRevocation(keys, target, { nowMs: ms(seconds), reason: 'why' });
    return { plan, keys: after(keys, plan, seconds) };
  };

  it('of the only key makes one that signs at once', () => {
    const { plan, keys } = revoke([key('a')], 'a', 50);
    expect(plan.newKeyActivatesAt).toEqual(at(50));
    expect(plan.changed).toEqual([
      key('a', {
        sealed: Buffer.alloc(0),
        retiresAt: at(50),
        expiresAt: at(50),
        revokedAt: at(50),
        revokedReason: 'why',
      }),
    ]);
    expect(activeKey(keys, ms(50))?.kid).toBe('made-50');
  });

  it('of the active key lets the one that waits sign at once', () => {
    const before = [key('a', { retiresAt: at(100), expiresAt: at(200) }), key('b', { activatesAt: at(100) })];
    const { plan, keys } = revoke(before, 'a', 50);
    expect(plan.newKeyActivatesAt).toBeUndefined();
    expect(activeKey(keys, ms(50))).toMatchObject({ kid: 'b', activatesAt: at(50) });
  });

  it('of the key that waits lets the active one go on', () => {
    const before = [key('a', { retiresAt: at(100), expiresAt: at(200) }), key('b', { activatesAt: at(100) })];
    const { plan, keys } = revoke(before, 'b', 50);
    expect(plan.newKeyActivatesAt).toBeUndefined();
    expect(activeKey(keys, ms(1_000))).toMatchObject({ kid: 'a', retiresAt: undefined, expiresAt: undefined });
  });

  it('of a retired key changes nothing else, and keeps when it retired', () => {
    const before = [key('a', { retiresAt: at(10), expiresAt: at(200) }), key('b', { activatesAt: at(10) })];
    const { plan } = revoke(before, 'a', 50);
    expect(plan).toMatchObject({ changed: [{ kid: 'a', retiresAt: at(10), expiresAt: at(50) }] });
    expect(plan.changed).toHaveLength(1);
    expect(plan.newKeyActivatesAt).toBeUndefined();
  });

  it('does not bring a retired key back', () => {
    const before = [key('a', { retiresAt: at(10), expiresAt: at(5_000) }), key('b', { activatesAt: at(10) })];
    const { keys } = revoke(before, 'b', 50);
    expect(activeKey(keys, ms(50))?.kid).toBe('made-50');
  });
});

describe('what is left of a key', () => {
  const retired = key('a', { retiresAt: at(100), expiresAt: at(200) });

  it('goes a day after it left the key set', () => {
    expect(keysToRemove([retired, key('b')], ms(200 + DAY) - 1)).toEqual([]);
    expect(keysToRemove([retired, key('b')], ms(200 + DAY))).toEqual([retired]);
  });

  it('has no private half soon after it retired', () => {
    expect(keysToDestroy([retired, key('b')], ms(160) - 1)).toEqual([]);
    expect(keysToDestroy([retired, key('b')], ms(160))).toEqual([retired]);
    expect(keysToDestroy([{ ...retired, sealed: Buffer.alloc(0) }], ms(160))).toEqual([]);
  });
});
