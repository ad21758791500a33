import { join } from 'node:path';
import { provision } from '@gatehouse/postgres';
import { rolePassword } from '../templates.ts';
import type { TestDatabase } from '../test-database.ts';
import type { PostgresInstance } from './start-postgres.ts';

const SERVICES = join(import.meta.dirname, '../../../../services');

/** The schema of a service on a server of the test's own, which it may stop and kill. It goes with the server. */
export async function privateDatabase(service: string, { adminUrl }: PostgresInstance): Promise<TestDatabase> {
  const { appUrl, ownerUrl } = await provision({
    adminUrl,
    service,
    directory: join(SERVICES, service, 'migrations'),
    ownerPassword: rolePassword(adminUrl, `gatehouse_${service}_owner`),
    appPassword: rolePassword(adminUrl, `gatehouse_${service}`),
  });
  const drop = async () => {};
  return { name: 'postgres', isShared: false, url: appUrl, ownerUrl, adminUrl, drop, [Symbol.asyncDispose]: drop };
}
