import { join } from 'node:path';
import { provision } from '@gatehouse/postgres';
import type { PostgresInstance, TestDatabase } from '@gatehouse/testing';

/** The session schema on a server of the test's own, which it may stop and kill. */
export async function privateDatabase(postgres: PostgresInstance): Promise<TestDatabase> {
  const { appUrl, ownerUrl } = await provision({
    adminUrl: postgres.adminUrl,
    service: 'session',
    directory: join(import.meta.dirname, '../migrations'),
    ownerPassword: 'owner',
    appPassword: 'app',
  });
  const drop = async () => {};
  return { name: 'postgres', url: appUrl, ownerUrl, adminUrl: postgres.adminUrl, drop, [Symbol.asyncDispose]: drop };
}
