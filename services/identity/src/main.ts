import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { type Clock, runService, startOrStop, systemClock } from '@gatehouse/process';
import { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { mount } from '@gatehouse/rpc';
import { access } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { openDeps } from './deps.ts';
import { identityService } from './service.ts';

export { type Config, readConfig };

/** Starts the identity service. */
export async function start(
  config: Config,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<RunningService> {
  const runtime = openRuntime({
    service: 'identity',
    config,
    postgresUrl: config.GATEHOUSE_IDENTITY_POSTGRES_URL,
    migrations: join(import.meta.dirname, '../migrations'),
    clock,
  });
  return startOrStop(runtime.stops, async () => {
    const deps = await openDeps(config, runtime);
    return runtime.serve({ services: [mount(IdentityServiceService, identityService(deps), access)] });
  });
}

if (import.meta.main) await runService(readConfig, start);
