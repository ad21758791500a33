import { randomUUID } from 'node:crypto';
import { type Database, openDatabase, type Queryable, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { AuthzServiceService, type Consistency, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { GrantServiceService } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { Client, ClientCallContext } from '@gatehouse/rpc';
import {
  metricsOf,
  outboxEvents,
  type PostgresInstance,
  privateDatabase,
  startPostgres,
  startTestService,
  type TestDatabase,
  type TestService,
  waitFor,
} from '@gatehouse/testing';
import * as authz from '../src/main.ts';

/** The variables of a test that reads what was recorded about every check. */
export const RECORD_ALL = { GATEHOUSE_AUDIT_DECISIONS: 'all' };

export interface Fixture {
  readonly service: TestService;
  readonly operator: Client<typeof AuthzServiceService>;
  readonly grants: Client<typeof GrantServiceService>;
  readonly model: Client<typeof ModelServiceService>;
  readonly policies: Client<typeof PolicyServiceService>;
  /** Asks as an application whether the user holds the permission. */
  allowed(userId: string, permission: string, consistency?: Consistency['requirement']): Promise<boolean>;
  /** Creates the permissions that are missing and a role that holds them; returns its id. */
  role(options?: { permissions?: string[]; parentRoleId?: string; name?: string }): Promise<string>;
  /** Asks until the answer comes from the memory of the instance. */
  warm(userId: string): Promise<void>;
  grant(userId: string, roleId: string): Promise<string>;
  revoke(userId: string, roleId: string): Promise<string>;
  /** Rows of one statement, as the superuser. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A metric's samples, added up: those that have all of the labels. */
  metric(name: string, ...labels: string[]): Promise<number>;
  /** How many lookups of users' grants a layer has answered. */
  answeredBy(layer: 'l1' | 'l2' | 'l3'): Promise<number>;
  /** The audit events of one request, once there are as many as `count`. */
  eventsOf(requestId: string, count: number): ReturnType<typeof outboxEvents>;
  stop(): Promise<void>;
}

export interface FixtureOptions {
  readonly env?: Record<string, string>;
  readonly database?: TestDatabase;
  readonly redis?: TestService['redis'];
  readonly instance?: string;
}

/** The authz service, on a database of its own unless one is given. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  // Room for twenty writes at once, which wait for one another and not for a connection.
  const env = { GATEHOUSE_POSTGRES_CONNECTIONS: '20', ...options.env };
  const service = await startTestService({ name: 'authz', main: authz, ...options, env });
  const admin = openAs(service.database.adminUrl);
  const operator = service.connectAs('operator/test', AuthzServiceService);
  const app = service.connectAs('app/test', AuthzServiceService);
  const known = new Set<string>();
  const ensure = async (name: string) => {
    if (known.has(name)) return;
    known.add(name);
    await operator.createPermission(permission(name)).catch((error: { reason?: string }) => {
      if (error.reason !== 'PERMISSION_NAME_TAKEN') throw error;
    });
  };
  const allowed: Fixture['allowed'] = async (userId, name, requirement) => {
    const consistency = requirement && { requirement };
    return isAllowed((await app.check({ ...question(userId, name), consistency })).decision);
  };
  const metric: Fixture['metric'] = async (name, ...labels) => {
    const lines = (await metricsOf(service)).split('\n');
    const samples = lines.filter(
      (line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)),
    );
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  };
  const answeredBy: Fixture['answeredBy'] = (layer) =>
    metric('cache_hits_total', 'topic="authz-grants"', `layer="${layer}"`);
  return {
    service,
    operator,
    grants: service.connectAs('operator/test', GrantServiceService),
    model: service.connectAs('operator/test', ModelServiceService),
    policies: service.connectAs('operator/test', PolicyServiceService),
    allowed,
    async role({ permissions = [], parentRoleId = '', name = `role-${randomUUID()}` } = {}) {
      for (const each of permissions) await ensure(each);
      const { role } = await operator.createRole({
        name,
        description: '',
        parentRoleId,
        permissions,
        denialConditions: [],
        deniedPermissions: [],
      });
      return role?.roleId ?? '';
    },
    async warm(userId) {
      const before = await answeredBy('l1');
      await waitFor(async () => {
        await allowed(userId, 'nothing:at-all');
        return (await answeredBy('l1')) > before;
      });
    },
    grant: async (userId, roleId) =>
      (await operator.grantRole({ userId, roleId, reason: '', ...ALWAYS })).consistencyToken,
    revoke: async (userId, roleId) =>
      (await operator.revokeRole({ userId, roleId, reason: '', scope: '' })).consistencyToken,
    rows: (text, values) => rowsOf(admin, text, values),
    metric,
    answeredBy,
    eventsOf: (requestId, count) =>
      waitFor(async () => {
        const events = (await outboxEvents(service, requestId)).filter((event) => event.requestId === requestId);
        return events.length >= count ? events : undefined;
      }),
    async stop() {
      await admin.close();
      await service.stop();
    },
  };
}

/** The bound that the service promises when nothing else is configured. */
export const BOUND_MS = 1_000;

/**
 * Asks until the answer is `expected`, and returns how many milliseconds after now a question was asked for the last time
 * that got the other answer. So what is measured is how stale answers were, and not how slowly they came.
 */
export async function staleness(ask: () => Promise<boolean>, expected: boolean): Promise<number> {
  const since = performance.now();
  let lastWrongMs = 0;
  await waitFor(
    async () => {
      const askedMs = performance.now() - since;
      if ((await ask()) === expected) return true;
      lastWrongMs = askedMs;
      return false;
    },
    { everyMs: 5 },
  );
  return lastWrongMs;
}

/** What makes a grant hold everywhere, always and without a condition. */
export const ALWAYS = {
  scope: '',
  validFrom: undefined,
  validUntil: undefined,
  condition: '',
  requiresApproval: false,
};

/** What is asked about nothing in particular. */
export function question(userId: string, permission: string) {
  return { userId, permission, consistency: undefined, resource: '', context: undefined };
}

/** A request to create a permission of which only the name matters. */
export function permission(name: string) {
  return { name, description: '', category: '', isDangerous: false, condition: '' };
}

export function atLeast(token: string): Consistency['requirement'] {
  return { $case: 'atLeastAsFresh', value: token };
}

export const FULLY: Consistency['requirement'] = { $case: 'fullyConsistent', value: true };

/** A decision must be one of the two: nothing else counts as an answer. */
export function isAllowed(decision: Decision): boolean {
  if (decision !== Decision.DECISION_ALLOWED && decision !== Decision.DECISION_DENIED) throw new Error(`${decision}`);
  return decision === Decision.DECISION_ALLOWED;
}

/** What a call carries so that its audit events can be found. */
export function traced(): ClientCallContext & { requestId: string } {
  return { requestId: randomUUID() };
}

export function openAs(url: string): Database {
  return openDatabase({ url, applicationName: 'authz-test', maxConnections: 4, logger: silentLogger });
}

const names = new Map<string, string>();

/** Runs a statement under a name of its own, as the package asks for. */
export async function rowsOf<Row extends object>(
  db: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const name = names.get(text) ?? `authz-test.statement-${names.size + 1}`;
  names.set(text, name);
  return db.query(statement<Row>(name, text), values);
}

/** A Postgres that a test may stop, with the service's schema in it. */
export async function ownPostgres(): Promise<{ postgres: PostgresInstance; database: TestDatabase }> {
  const postgres = await startPostgres();
  return { postgres, database: await privateDatabase('authz', postgres) };
}
