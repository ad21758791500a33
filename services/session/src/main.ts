import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { type Clock, runService, startOrStop, systemClock } from '@gatehouse/process';
import { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { mount } from '@gatehouse/rpc';
import { access, edgeAccess, tokenAccess } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { type Deps, openDeps } from './deps.ts';
import { serveHttp } from './http/serve-http.ts';
import { edgeService, sessionService, tokenService } from './service.ts';

export { openDeps, readConfig };

/** The services, with who may call them. */
export const mounted = (deps: Deps) => [
  mount(SessionServiceService, sessionService(deps), access),
  mount(TokenServiceService, tokenService(deps), tokenAccess),
  mount(AuthorizationService, edgeService(deps), edgeAccess),
];

/** Starts the session service. */
export async function start(config: Config, options: { readonly clock?: Clock } = {}): Promise<RunningService> {
  const migrations = join(import.meta.dirname, '../migrations');
  const postgresUrl = config.GATEHOUSE_SESSION_POSTGRES_URL;
  const runtime = openRuntime({ service: 'session', config, postgresUrl, migrations, clock: systemClock, ...options });
  return startOrStop(runtime.stops, async () => {
    const deps = openDeps(config, runtime);
    const running = await runtime.serve({ services: mounted(deps), acting: deps.acting, ready: deps.ready });
    await serveHttp(config, runtime, deps);
    runtime.stops.add('watches', () => deps.watchers.stop());
    return running;
  });
}

if (import.meta.main) await runService(readConfig, start);
