import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { type Clock, runMain, systemClock } from '@gatehouse/process';
import { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { mount } from '@gatehouse/rpc';
import { access, edgeAccess } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { type Deps, openDeps } from './deps.ts';
import { edgeService, sessionService } from './service.ts';

export { openDeps, readConfig };

/** Both services, with who may call them. */
export const mounted = (deps: Deps) => [
  mount(SessionServiceService, sessionService(deps), access),
  mount(AuthorizationService, edgeService(deps), edgeAccess),
];

/** Starts the session service. */
export async function start(
  config: Config,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<RunningService> {
  const migrations = join(import.meta.dirname, '../migrations');
  const postgresUrl = config.GATEHOUSE_SESSION_POSTGRES_URL;
  const runtime = openRuntime({ service: 'session', config, postgresUrl, migrations, clock });
  try {
    const deps = openDeps(config, runtime);
    return await runtime.serve({ services: mounted(deps), acting: deps.acting });
  } catch (error) {
    await runtime.stops.stop();
    throw error;
  }
}

if (import.meta.main) {
  const config = readConfig();
  await runMain(() => start(config), { budgetMs: config.GATEHOUSE_DRAIN_BUDGET_MS });
}
