import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createAuthority } from '../certificates/authority.ts';
import { storeEnvironment } from '../config.ts';
import { startPostgres } from '../postgres/start-postgres.ts';
import { dropTemplate, makeTemplate, servicesWithMigrations } from '../templates.ts';
import type { TestTemplate } from '../test-stores.ts';

const TRUST_DOMAIN = 'gatehouse.test';

/**
 * Runs once before all tests: starts one Postgres for the run, with a template for each service, and makes an authority.
 * Vitest calls the answer when the run has ended.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await openPostgres();
  const authorityDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-authority-'));
  // A run that is interrupted is not torn down. Its Postgres goes by itself; this folder has to be taken away.
  process.once('exit', () => rmSync(authorityDirectory, { recursive: true, force: true }));
  const templates: Record<string, TestTemplate> = {};
  const tearDown = async () => {
    rmSync(authorityDirectory, { recursive: true, force: true });
    await postgres.close(Object.values(templates));
  };
  try {
    const { adminUrl, suffix } = postgres;
    await createAuthority({ directory: authorityDirectory, trustDomain: TRUST_DOMAIN });
    await Promise.all(
      servicesWithMigrations(project.config.root).map(async ({ service, directory }) => {
        templates[service] = await makeTemplate({ adminUrl, service, directory, suffix });
      }),
    );
    project.provide('gatehouse', { adminUrl, templates, authorityDirectory, trustDomain: TRUST_DOMAIN });
    return tearDown;
  } catch (error) {
    await tearDown();
    throw error;
  }
}

interface RunPostgres {
  readonly adminUrl: string;
  /** Keeps this run's templates apart from those of others on a server that is shared. */
  readonly suffix: string | undefined;
  close(templates: readonly TestTemplate[]): Promise<void>;
}

/** A private server, unless the environment names one. */
async function openPostgres(): Promise<RunPostgres> {
  const { postgresUrl } = storeEnvironment();
  if (postgresUrl === undefined) {
    const server = await startPostgres();
    return { adminUrl: server.adminUrl, suffix: undefined, close: () => server.stop() };
  }
  return {
    adminUrl: postgresUrl,
    suffix: randomBytes(4).toString('hex'),
    close: async (templates) => {
      await Promise.all(templates.map((template) => dropTemplate(postgresUrl, template)));
    },
  };
}
