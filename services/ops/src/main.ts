import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { type Clock, runService, startOrStop, systemClock } from '@gatehouse/process';
import { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { mount } from '@gatehouse/rpc';
import { access } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { openDeps } from './deps.ts';
import { opsService } from './service.ts';

export { readConfig };

/** Starts the ops service. */
export async function start(
  config: Config,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<RunningService> {
  const runtime = openRuntime({
    service: 'ops',
    config,
    postgresUrl: config.GATEHOUSE_OPS_POSTGRES_URL,
    migrations: join(import.meta.dirname, '../migrations'),
    clock,
  });
  return startOrStop(runtime.stops, async () => {
    const deps = openDeps(config, runtime);
    const services = [mount(OpsServiceService, opsService(deps), access)];
    return runtime.serve({ services, acting: deps.acting });
  });
}

if (import.meta.main) await runService(readConfig, start);
