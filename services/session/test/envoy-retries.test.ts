import { AuthorizationService, type CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { mount } from '@gatehouse/rpc';
import { startApplication, startProxyExample, startStandIn, testAuthority } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** A session service that decides nothing; it counts how often it is asked. */
async function startSilent() {
  let asked = 0;
  const service = mount(
    AuthorizationService,
    {
      check: (_request, { signal }) => {
        asked += 1;
        return new Promise<CheckResponse>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    },
    { check: { peers: ['edge/*'] } },
  );
  return { ...(await startStandIn({ name: 'session', services: [service] })), asked: () => asked };
}

const AT_ONCE = 50;
/** A fifth of what is under way may be asked again at a time, and the time is over before three such have been. */
const ASKED_MAX = AT_ONCE * 1.4;

describeWith('envoy', 'Envoy with the example that is shipped, before instances that do not answer', () => {
  let silent: Awaited<ReturnType<typeof startSilent>>[];
  let application: Awaited<ReturnType<typeof startApplication>>;
  let envoy: Awaited<ReturnType<typeof startProxyExample>>;

  beforeAll(async () => {
    [application, ...silent] = [await startApplication(), await startSilent(), await startSilent()];
    const authority = await testAuthority();
    envoy = await startProxyExample('envoy', {
      files: await authority.issue('edge/envoy'),
      trustDomain: authority.trustDomain,
      gatehouse: silent.map(({ address }) => address),
      applicationPort: application.port,
      patience: 1,
    });
  });
  afterAll(async () => {
    await envoy?.stop();
    await Promise.all([application?.stop(), ...silent.map(({ stop }) => stop())]);
  });

  it('asks again for a fifth of them, lets nobody pass, and says that it is not the fault of the client', async () => {
    const replies = await Promise.all(Array.from({ length: AT_ONCE }, () => envoy.get('/public/')));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
    expect(application.count()).toBe(0);
    const asked = silent.reduce((sum, each) => sum + each.asked(), 0);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(ASKED_MAX);
  });
});
