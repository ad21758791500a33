import { randomBytes } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { Counter, Gauge, type Registry } from '@gatehouse/process';
import { argon2id, hash, needsRehash, verify } from 'argon2';
import { admissionQueue } from './admission-queue.ts';

/** Hashes and verifies passwords, no more at once than the machine has room for. */
export interface PasswordHasher {
  /** The argon2id hash of a password, in PHC string format. Throws Failure `limited` HASHING_BUSY. */
  hash(password: string, signal: AbortSignal): Promise<string>;
  /**
   * Whether a password is the one that was hashed. Without a hash it does the same work on one that nobody has, and
   * answers false: how long it takes does not tell whether there was one. Throws Failure `limited` HASHING_BUSY.
   */
  verify(passwordHash: string | undefined, password: string, signal: AbortSignal): Promise<boolean>;
  /** Whether a hash was made with other parameters than new ones are. */
  isOutdated(passwordHash: string): boolean;
}

export interface PasswordHasherOptions {
  /** Most hashes computed at once; each takes a core and MEMORY_KIB. */
  readonly concurrency: number;
  /** Most callers that wait for their turn. */
  readonly waitingMax: number;
  readonly registry: Registry;
}

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes and one lane. */
const MEMORY_KIB = 19_456;
const PARAMETERS = { type: argon2id, memoryCost: MEMORY_KIB, timeCost: 2, parallelism: 1 } as const;
/** What one hash takes on a busy core, for the time after which a caller is asked to come back. */
const HASH_ESTIMATE_MS = 50;
const DUMMY_BYTES = 32;

/** Opens the hasher; it hashes once at the start, for the accounts that do not exist. */
export async function openPasswordHasher(options: PasswordHasherOptions): Promise<PasswordHasher> {
  const { concurrency, waitingMax, registry } = options;
  const metrics = hashingMetrics(registry, () => queue.waiting);
  const queue = admissionQueue({
    concurrency,
    waitingMax,
    full: (waiting) => {
      metrics.refusals.inc();
      return new Failure('limited', 'HASHING_BUSY', 'Too many passwords wait to be hashed; try again.', {
        retryAfterMs: Math.ceil((waiting + 1) / concurrency) * HASH_ESTIMATE_MS,
      });
    },
  });
  const dummyHash = await hash(randomBytes(DUMMY_BYTES), PARAMETERS);
  return {
    hash: (password, signal) =>
      queue.run(() => {
        metrics.hashes.inc();
        return hash(password, PARAMETERS);
      }, signal),
    verify: (passwordHash, password, signal) =>
      queue.run(async () => {
        metrics.verifications.inc();
        const matches = await verify(passwordHash ?? dummyHash, password);
        return matches && passwordHash !== undefined;
      }, signal),
    isOutdated: (passwordHash) => !passwordHash.startsWith('$argon2id$') || needsRehash(passwordHash, PARAMETERS),
  };
}

function hashingMetrics(registry: Registry, waiting: () => number) {
  const registers = [registry];
  new Gauge({
    name: 'identity_password_hashing_waiting',
    help: 'Callers that wait for their turn to hash.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    hashes: new Counter({ name: 'identity_password_hashes_total', help: 'Passwords hashed.', registers }),
    verifications: new Counter({
      name: 'identity_password_verifications_total',
      help: 'Passwords verified, for accounts that exist and accounts that do not.',
      registers,
    }),
    refusals: new Counter({
      name: 'identity_password_hashing_refused_total',
      help: 'Callers turned away because too many were waiting.',
      registers,
    }),
  };
}
