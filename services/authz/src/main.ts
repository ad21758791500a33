import { join } from 'node:path';
import { openRuntime } from '@gatehouse/mesh';
import { type Clock, runService, startOrStop, systemClock } from '@gatehouse/process';
import { mount } from '@gatehouse/rpc';
import { access, grantAccess, modelAccess, policyAccess, watchAccess } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { type Deps, openDeps } from './deps.ts';
import { serveHttp } from './http/serve-http.ts';
import { authzService, grantService, modelService, policyService, watchService } from './service.ts';
import * as contract from './wire/services.ts';

export { access, authzService, openDeps, readConfig };

/** The services, with who may call them. */
export const mounted = (deps: Deps) => [
  mount(contract.AuthzServiceService, authzService(deps), access),
  mount(contract.GrantServiceService, grantService(deps), grantAccess),
  mount(contract.ModelServiceService, modelService(deps), modelAccess),
  mount(contract.PolicyServiceService, policyService(deps), policyAccess),
  mount(contract.WatchServiceService, watchService(deps), watchAccess),
];

/** Starts the authz service. */
export async function start(config: Config, options: { readonly clock?: Clock } = {}) {
  const postgresUrl = config.GATEHOUSE_AUTHZ_POSTGRES_URL;
  const migrations = join(import.meta.dirname, '../migrations');
  const runtime = openRuntime({ service: 'authz', config, postgresUrl, migrations, clock: systemClock, ...options });
  return startOrStop(runtime.stops, async () => {
    const deps = openDeps(config, runtime);
    const running = await runtime.serve({ services: mounted(deps), acting: deps.acting, ready: deps.ready });
    await serveHttp(config, runtime, deps);
    runtime.stops.add('watches', () => deps.watchers.stop());
    return running;
  });
}

if (import.meta.main) await runService(readConfig, start);
