import { type Database, openDatabase, type Queryable, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import type { Client } from '@gatehouse/rpc';
import { startTestService, type TestDatabase, type TestService } from '@gatehouse/testing';
import * as identity from '../src/main.ts';

/** A password that breaks no rule. */
export const PASSWORD = 'tunnel-vetch-oboe-31';

export interface Fixture {
  readonly service: TestService;
  /** The service as an application calls it. */
  readonly app: Client<typeof IdentityServiceService>;
  /** The service's database, as the superuser. */
  readonly admin: Database;
  /** Rows of one statement, as the superuser. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A metric's samples, added up; those whose labels contain `labels` if given. */
  metric(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
}

/** The identity service on a database of its own. */
export async function startFixture(
  options: { env?: Record<string, string>; database?: TestDatabase } = {},
): Promise<Fixture> {
  const service = await startTestService({ name: 'identity', main: identity, ...options });
  const admin = openDatabase({
    url: service.database.adminUrl,
    applicationName: 'identity-test',
    maxConnections: 2,
    logger: silentLogger,
  });
  return {
    service,
    app: service.connectAs('app/test', IdentityServiceService),
    admin,
    rows: (text, values) => rowsOf(admin, text, values),
    metric: async (name, labels = '') => {
      const lines = (
        await (await fetch(`${service.adminUrl}/metrics`, { headers: { connection: 'close' } })).text()
      ).split('\n');
      const samples = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
      return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async stop() {
      await admin.close();
      await service.stop();
    },
  };
}

const names = new Map<string, string>();

/** Runs a statement under a name of its own, as the package asks for. */
export async function rowsOf<Row extends object>(
  db: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const name = names.get(text) ?? `identity-test.statement-${names.size + 1}`;
  names.set(text, name);
  return db.query(statement<Row>(name, text), values);
}

/** A request to register `email`, complete but for what is given. */
export function registration(email: string, change: { username?: string; password?: string; ipAddress?: string } = {}) {
  const { username = '', password = PASSWORD, ipAddress = '' } = change;
  return { email, username, password, origin: originOf(ipAddress) };
}

/** An origin of which only the address is known. */
export function originOf(ipAddress: string) {
  return { ipAddress, userAgent: 'Test/1.0', deviceFingerprint: '', countryCode: '', city: '' };
}

/** Time enough for many calls that are made at once, on a machine that is busy with other tests. */
export function patient() {
  return { deadlineMs: Date.now() + 15_000 };
}
