import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, CALL_LIMIT_MS, startApplication, startProxyExample, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MeshRig, startMeshRig } from './rig.ts';

const NO_ORIGIN = undefined;
const PASSWORD = 'seven violins in an orchard';
/** As many as Envoy asks again at once whatever else is under way, so that what fails is not left to chance. */
const CLIENTS = 3;
const PAUSE_MS = 20;
/** Requests of each client after an instance has gone. */
const FURTHER = 20;
const PATIENT_MS = String(CALL_LIMIT_MS);
const ENV = {
  // As docs/flows/edge.md tells operators to.
  GATEHOUSE_DRAIN_DELAY_MS: '2000',
  // Nobody stops the stores, and a store that a busy machine makes late is an answer: UNAVAILABLE, and not asked again.
  GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS: PATIENT_MS,
  GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS: PATIENT_MS,
  GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS: PATIENT_MS,
};

describeWith('envoy', 'Envoy with the example that is shipped, before two instances of session', () => {
  let rig: MeshRig;
  let application: Awaited<ReturnType<typeof startApplication>>;
  let envoy: Awaited<ReturnType<typeof startProxyExample>>;
  let headers: Record<string, string>;

  beforeAll(async () => {
    [rig, application] = await Promise.all([startMeshRig({ instances: { session: 2 }, env: ENV }), startApplication()]);
    const { mesh, world } = rig;
    envoy = await startProxyExample('envoy', {
      files: await mesh.authority.issue('edge/envoy'),
      trustDomain: mesh.trustDomain,
      gatehouse: [0, 1].map((instance) => mesh.address('session', instance)),
      applicationPort: application.port,
      patience: 10,
    });
    const email = 'eve@example.com';
    await world.identity.registerUser({ email, password: PASSWORD, username: '', origin: NO_ORIGIN });
    const account = { $case: 'email' as const, value: email };
    const login = { account, password: PASSWORD, origin: NO_ORIGIN, withRefreshToken: false };
    const { sessionToken } = await world.identity.login(login);
    headers = { authorization: `Bearer ${sessionToken}` };
    await waitFor(async () => (await unhealthy()) === 0);
  });
  afterAll(async () => {
    await envoy?.stop();
    await Promise.all([rig?.stop(), application?.stop()]);
  });

  /** Instances that Envoy asks no more. */
  async function unhealthy(): Promise<number> {
    const { body } = await ask(`${envoy.adminUrl}/clusters`);
    return body.split('\n').filter((line) => /^gatehouse-session::.*::health_flags::.*failed_active_hc/.test(line))
      .length;
  }

  /** What clients are answered while something goes on and for some requests after. */
  async function answersDuring(events: () => Promise<void>): Promise<{ failed: number; why: string }> {
    const answers: Record<string, number> = {};
    let left = Number.POSITIVE_INFINITY;
    const client = async () => {
      for (; left > 0; left -= 1) {
        const { status, body } = await envoy.get('/', { headers });
        const answer = status === 200 ? 'passed' : `${status} ${body}`;
        answers[answer] = (answers[answer] ?? 0) + 1;
        await delay(PAUSE_MS);
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, client));
    await events().finally(() => {
      left = FURTHER * CLIENTS;
    });
    await clients;
    const { body } = await ask(`${envoy.adminUrl}/stats?filter=gatehouse-session.upstream_rq&usedonly`);
    const logs = rig.mesh.instances('session').map(({ logFile }) => readFileSync(logFile, 'utf8'));
    const refused = logs
      .join('')
      .split('\n')
      .filter((line) => /Authorization\/Check".*"code":"(?!OK)/.test(line));
    return { failed: count(answers), why: [JSON.stringify(answers), body, ...refused].join('\n') };
  }

  /** Signals an instance, which ends it, and waits until its successor serves and Envoy knows. */
  async function replaced(instance: number, signal: NodeJS.Signals): Promise<void> {
    const service = rig.mesh.instances('session')[instance];
    const pid = await waitFor(() => service?.pid);
    process.kill(pid, signal);
    await waitFor(() => service?.pid !== undefined && service.pid !== pid);
    await waitFor(async () => (await unhealthy()) === 0);
  }

  it('loses no request when an instance is killed, but for those whose answer has begun to come', async () => {
    const { failed, why } = await answersDuring(async () => {
      for (const instance of [0, 1]) await replaced(instance, 'SIGKILL');
    });
    // Without a second try it is every second request until the successor serves.
    expect(failed, why).toBeLessThanOrEqual(CLIENTS);
  });

  it('loses no request when the instances are restarted one after the other', async () => {
    const { failed, why } = await answersDuring(async () => {
      for (const instance of [0, 1]) await replaced(instance, 'SIGTERM');
    });
    expect(failed, why).toBe(0);
  });

  it('loses no request when an instance stands still, and asks it no more until it goes on', async () => {
    const { failed, why } = await answersDuring(async () => {
      const pid = await waitFor(() => rig.mesh.instances('session')[0]?.pid);
      process.kill(pid, 'SIGSTOP');
      try {
        await waitFor(async () => (await unhealthy()) === 1);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await waitFor(async () => (await unhealthy()) === 0);
    });
    expect(failed, why).toBe(0);
  });
});

/** How many of the answers are none that lets a request pass. */
function count(answers: Readonly<Record<string, number>>): number {
  return Object.entries(answers).reduce((sum, [answer, times]) => sum + (answer === 'passed' ? 0 : times), 0);
}
