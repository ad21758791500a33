import { type PostgresInstance, privateDatabase as privateDatabaseOf, type TestDatabase } from '@gatehouse/testing';

/** The session schema on a server of the test's own, which it may stop and kill. */
export function privateDatabase(postgres: PostgresInstance): Promise<TestDatabase> {
  return privateDatabaseOf('session', postgres);
}
