import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createAuthority } from '../certificates/authority.ts';
import { storeEnvironment } from '../config.ts';
import { temporaryHome } from '../data-home.ts';
import { makePristineCluster } from '../postgres/pristine-cluster.ts';
import { startPostgres } from '../postgres/start-postgres.ts';
import { dropTemplate, makeLoginsCheap, makeTemplate, servicesWithMigrations } from '../templates.ts';
import { provideTestStores, type TestStores, type TestTemplate } from '../test-stores.ts';

const TRUST_DOMAIN = 'gatehouse.test';
/** Nothing on this server outlives the run, and hundreds of small databases come and go on it. */
const RUN_SETTINGS = { autovacuum: 'off', synchronous_commit: 'off', wal_level: 'minimal', max_wal_senders: '0' };

/**
 * Runs once before the tests of each tier. Makes an authority and, for all tiers but `unit`, starts a Postgres with a
 * template for each service; tiers of one run share both. Vitest calls the answer when the run has ended.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { tier } = project.config.provide ?? {};
  const made =
    tier === 'unit' ? shared('authority', withoutStores) : shared('stores', () => withStores(project.config.root));
  project.provide('gatehouse', (await made).stores);
  return async () => (await made).tearDown();
}

interface MadeForRun {
  readonly stores: TestStores;
  /** May be called once for each tier. */
  tearDown(): Promise<void>;
}

/** Each project of vitest loads this module anew, so what they share can't be kept in it. */
function shared(name: string, make: () => Promise<MadeForRun>): Promise<MadeForRun> {
  const key = Symbol.for(`gatehouse.test-run.${name}`);
  const places = globalThis as unknown as Record<symbol, Promise<MadeForRun> | undefined>;
  places[key] ??= make();
  return places[key];
}

async function withoutStores(): Promise<MadeForRun> {
  const { remove, ...authority } = await openAuthority();
  return { stores: { ...authority, adminUrl: '', templates: {} }, tearDown: async () => remove() };
}

async function withStores(root: string): Promise<MadeForRun> {
  const pristine = await makePristineCluster();
  // Begins as such a copy itself.
  if (pristine !== undefined)
    provideTestStores({
      adminUrl: '',
      templates: {},
      authorityDirectory: '',
      trustDomain: TRUST_DOMAIN,
      pristineCluster: pristine.dataDirectory,
    });
  const [{ remove, ...authority }, postgres] = await Promise.all([openAuthority(), openPostgres()]);
  const { adminUrl, suffix } = postgres;
  const templates: Record<string, TestTemplate> = {};
  let tornDown: Promise<void> | undefined;
  const tearDown = () => {
    remove();
    pristine?.remove();
    tornDown ??= postgres.close(Object.values(templates));
    return tornDown;
  };
  try {
    await Promise.all(
      servicesWithMigrations(root).map(async ({ service, directory }) => {
        templates[service] = await makeTemplate({ adminUrl, service, directory, suffix });
      }),
    );
    // Only where nobody else logs in.
    if (suffix === undefined) await makeLoginsCheap(adminUrl, [adminUrl, ...Object.values(templates).flatMap(urlsOf)]);
    return { stores: { ...authority, adminUrl, templates, pristineCluster: pristine?.dataDirectory }, tearDown };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

function urlsOf(template: TestTemplate): string[] {
  return 'error' in template ? [] : [template.ownerUrl, template.appUrl];
}

async function openAuthority() {
  const authorityDirectory = mkdtempSync(join(temporaryHome(), 'gatehouse-authority-'));
  const remove = () => rmSync(authorityDirectory, { recursive: true, force: true });
  // A run that is interrupted is not torn down. Its Postgres goes by itself; this folder has to be taken away.
  process.once('exit', remove);
  await createAuthority({ directory: authorityDirectory, trustDomain: TRUST_DOMAIN });
  return { authorityDirectory, trustDomain: TRUST_DOMAIN, remove };
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
    const server = await startPostgres({ settings: RUN_SETTINGS });
    return { adminUrl: server.adminUrl, suffix: undefined, close: () => server.stop('immediate') };
  }
  return {
    adminUrl: postgresUrl,
    suffix: randomBytes(4).toString('hex'),
    close: async (templates) => {
      await Promise.all(templates.map((template) => dropTemplate(postgresUrl, template)));
    },
  };
}
