import { setTimeout as sleep } from 'node:timers/promises';
import { POSTGRES_MINIMUM } from '@gatehouse/testing/binaries';
import { PARTS } from '@gatehouse/testing/parts';
import { say, step } from './processes.mjs';

/** Another apt, perhaps that of another checkout, is waited for this long. */
const LOCK_TIMEOUT_SECONDS = 300;
const RETRY_MS = 3000;
const OPTIONS = ['-y', '--no-install-recommends', '-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`];

/** Installs programs with apt. Those that are `optional` may fail to, with a line that says so. */
export async function aptInstall(names, optional) {
  await update();
  const required = names.filter((name) => !optional.includes(name));
  if (required.length > 0) await apt(['install', ...(await packagesFor(required))]);
  for (const name of names.filter((each) => optional.includes(each))) {
    await apt(['install', ...(await packagesFor([name]))]).catch(() => say(`apt could not install ${name}.`));
  }
}

/** The newest server package that is new enough, out of what `apt-cache search --names-only` prints. */
export function newestPostgresPackage(searchOutput) {
  const majors = [...searchOutput.matchAll(/^postgresql-(\d+) /gm)].map(([, major]) => Number(major));
  const newest = Math.max(...majors.filter((major) => major >= POSTGRES_MINIMUM));
  if (!Number.isFinite(newest)) throw new Error(`apt has no PostgreSQL ${POSTGRES_MINIMUM} or later.`);
  return `postgresql-${newest}`;
}

async function packagesFor(names) {
  const packages = Object.fromEntries(names.map((name) => [name, PARTS[name].apt]));
  if (names.includes('postgres')) {
    const found = await step('apt-cache', ['search', '--names-only', '^postgresql-[0-9]+$'], { cwd: '/' });
    packages.postgres = newestPostgresPackage(found);
  }
  return names.map((name) => packages[name]);
}

/** The lock on apt's lists has no option to wait for it. A list that can't be renewed may still be good enough. */
async function update() {
  const giveUpAt = performance.now() + LOCK_TIMEOUT_SECONDS * 1000;
  for (;;) {
    const refusal = await apt(['update']).then(
      () => undefined,
      (error) => error.message,
    );
    const locked = refusal !== undefined && /could not get lock|unable to lock/i.test(refusal);
    if (!locked || performance.now() > giveUpAt) return;
    await sleep(RETRY_MS);
  }
}

function apt([command, ...words]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  return step('apt-get', [command, ...OPTIONS, ...words], { cwd: '/', env });
}
