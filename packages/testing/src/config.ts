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
