import { isFailure } from '@gatehouse/failure';
import { Registry } from '@gatehouse/process';
import { hash } from 'argon2';
import { describe, expect, it } from 'vitest';
import { openPasswordHasher } from './password-hasher.ts';

const never = new AbortController().signal;
const password = 'tunnel-vetch-oboe-31';

async function open(options: { concurrency?: number; waitingMax?: number } = {}) {
  const registry = new Registry();
  const hasher = await openPasswordHasher({ concurrency: 2, waitingMax: 8, registry, ...options });
  const count = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { hasher, count };
}

describe('openPasswordHasher', () => {
  it('makes argon2id hashes with the parameters that OWASP names, each with its own salt', async () => {
    const { hasher } = await open();
    const hashes = await Promise.all([hasher.hash(password, never), hasher.hash(password, never)]);
    for (const each of hashes) expect(each).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$[^$]{22}\$[^$]{43}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('tells the right password from a wrong one', async () => {
    const { hasher } = await open();
    const passwordHash = await hasher.hash(password, never);
    expect(await hasher.verify(passwordHash, password, never)).toBe(true);
    expect(await hasher.verify(passwordHash, `${password} `, never)).toBe(false);
  });

  it('verifies where there is no hash, too, and never finds a match', async () => {
    const { hasher, count } = await open();
    expect(await hasher.verify(undefined, password, never)).toBe(false);
    expect(await count('identity_password_verifications_total')).toBe(1);
  });

  it('knows hashes that were made with other parameters', async () => {
    const { hasher } = await open();
    expect(hasher.isOutdated(await hasher.hash(password, never))).toBe(false);
    expect(hasher.isOutdated(await hash(password, { memoryCost: 8192, timeCost: 2, parallelism: 1 }))).toBe(true);
    expect(hasher.isOutdated(await hash(password, { type: 1, memoryCost: 19_456, timeCost: 2, parallelism: 1 }))).toBe(
      true,
    );
  });

  it('asks those whom it turns away to come back when the line will be shorter', async () => {
    const { hasher, count } = await open({ concurrency: 1, waitingMax: 1 });
    const results = await Promise.allSettled([1, 2, 3].map(() => hasher.hash(password, never)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const refusal = results[2]?.status === 'rejected' ? results[2].reason : undefined;
    expect(isFailure(refusal, 'HASHING_BUSY') && refusal.kind).toBe('limited');
    expect(refusal.retryAfterMs).toBe(100);
    expect(await count('identity_password_hashing_refused_total')).toBe(1);
    expect(await count('identity_password_hashing_waiting')).toBe(0);
  });
});
