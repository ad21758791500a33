import { PARTS } from './parts.mjs';

/** What the machine says about stores: where they are, or where to look for them. */
export interface StoreEnvironment {
  /** Superuser URL of a Postgres that is used as it is, instead of a private one. */
  readonly postgresUrl: string | undefined;
  /** URL of a Redis that is used as it is, instead of a private one. */
  readonly redisUrl: string | undefined;
  /** Folders in which binaries are looked for, as the shell would. */
  readonly path: string;
}

/** Reads the environment. An empty variable counts as one that is not set. */
export function storeEnvironment(env: NodeJS.ProcessEnv = process.env): StoreEnvironment {
  return {
    postgresUrl: env.GATEHOUSE_POSTGRES_URL || undefined,
    redisUrl: env.GATEHOUSE_REDIS_URL || undefined,
    path: env.PATH ?? '',
  };
}

/** How much tests with chance in them do, and what their chance follows from. */
export interface TestSettings {
  /** A tenth of it multiplies the count of repetitions. */
  readonly rounds: number;
  readonly seed: number;
}

/** Seeds are whole numbers below this. */
const SEEDS = 2 ** 31;

/** Reads GATEHOUSE_TEST_ROUNDS and GATEHOUSE_TEST_SEED. Throws when one is set to what is none. */
export function testSettings(env: NodeJS.ProcessEnv = process.env): TestSettings {
  return {
    rounds: positive('GATEHOUSE_TEST_ROUNDS', env.GATEHOUSE_TEST_ROUNDS || '1'),
    seed: positive('GATEHOUSE_TEST_SEED', env.GATEHOUSE_TEST_SEED || '1') % SEEDS,
  };
}

/** Gives the run a seed unless it was told one: every process that it starts then has the same. Answers it. */
export function plantSeed(env: NodeJS.ProcessEnv = process.env): number {
  env.GATEHOUSE_TEST_SEED ||= String(1 + Math.floor(Math.random() * (SEEDS - 1)));
  return testSettings(env).seed;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a number above 0, not ${text}.`);
  return value;
}

/** Where programs from outside may be named, and the folders in which they are looked for. */
export function partEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return env;
}

/**
 * The programs that GATEHOUSE_REQUIRE names, with commas between: without one of them the tests that need it fail instead
 * of being skipped. Throws when there is no such program.
 */
export function requiredParts(env: NodeJS.ProcessEnv = process.env): ReadonlySet<string> {
  const names = (env.GATEHOUSE_REQUIRE ?? '').split(',').map((name) => name.trim());
  const required = names.filter((name) => name !== '');
  const unknown = required.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    throw new Error(`GATEHOUSE_REQUIRE names ${unknown.join(', ')}; it may name ${Object.keys(PARTS).join(', ')}.`);
  }
  return new Set(required);
}
