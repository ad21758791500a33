import { setTimeout as delay } from 'node:timers/promises';
import { STEPS } from '@gatehouse/cli/flow';
import { SERVICES, type ServiceName } from '@gatehouse/cli/mesh';
import { waitFor } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeshRig, startMeshRig } from './rig.ts';

const steps = STEPS.filter(([name]) => name !== 'backup');
/** Flows in flight when a service is killed, so that it is hit at different points of its work. */
const FLOWS = rounds(3, 2);
const KILLS = rounds(2);
const KILL_AFTER_MS_MAX = 600;
const { below } = seededChance();

let rig: MeshRig;

beforeAll(async () => {
  rig = await startMeshRig();
});
afterAll(() => rig.stop());

/** Kills a service as nothing can prepare for, and waits until it serves again. */
async function killed(name: ServiceName): Promise<void> {
  const [service] = rig.mesh.instances(name);
  const pid = await waitFor(() => service?.pid);
  process.kill(pid, 'SIGKILL');
  await waitFor(() => service?.pid !== undefined && service.pid !== pid);
}

describe('a service that is killed in the middle of the flow', () => {
  it.each(SERVICES)('comes back, and the flow run again is right: %s', async (name) => {
    for (let kill = 0; kill < KILLS; kill++) {
      const inFlight = Promise.all(Array.from({ length: FLOWS }, () => rig.flow(steps)));
      // Awaited below, whenever it is that one fails.
      inFlight.catch(() => {});
      await delay(below(KILL_AFTER_MS_MAX));
      await killed(name);
      await inFlight;
    }
    const again = await waitFor(async () => {
      const reports = await rig.flow(steps);
      return reports.every(({ status }) => status === 'ok') ? reports : undefined;
    });
    expect(again.length).toBe(steps.length);
  });

  it('leaves no user half made, and no audit event lost or doubled', async () => {
    await waitFor(async () => (await waiting()) === 0n);
    const none = async (sql: string) => expect(await rig.ask(sql), sql).toEqual([]);
    await none(
      'select u.id from identity.users u left join identity.email_lookup e on e.user_id = u.id where e.user_id is null',
    );
    await none(
      'select e.user_id from identity.email_lookup e left join identity.users u on e.user_id = u.id where u.id is null',
    );
    await none('select id from identity.users where password_hash is null');
    const witnessed = (rows: string, event: string, key: string) =>
      none(`select r.id from (${rows}) r left join audit.security_audit_log a on a.event_type = '${event}' and a.${key} = r.id
            group by r.id having count(a.id) <> 1`);
    await witnessed('select id from identity.users', 'user.registered', 'user_id');
    await witnessed('select id from session.sessions', 'session.created', 'session_id');
    await witnessed('select id from session.sessions where revoked_at is not null', 'session.revoked', 'session_id');
    // And the other way round: nothing is told that is not so.
    await none(`select a.id from audit.security_audit_log a left join identity.users u on u.id = a.user_id
                where a.event_type = 'user.registered' and u.id is null`);
    await none(`select a.id from audit.security_audit_log a left join session.sessions s on s.id = a.session_id
                where a.event_type in ('session.created', 'session.revoked', 'login.succeeded') and s.id is null`);
  });
});

/** Events and invalidations that are still under way. */
async function waiting(): Promise<bigint> {
  const tables = [
    'identity.outbox',
    'session.outbox',
    'authz.outbox',
    'ops.outbox',
    'session.invalidations',
    'authz.invalidations',
  ];
  const [row] = await rig.ask<{ waiting: bigint }>(
    `select (${tables.map((table) => `(select count(*) from ${table})`).join(' + ')})::bigint as waiting`,
  );
  return row?.waiting ?? 0n;
}
