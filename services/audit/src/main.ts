import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { type Clock, runService, startOrStop, systemClock } from '@gatehouse/process';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { mount } from '@gatehouse/rpc';
import { access } from './access.ts';
import { type Config, readConfig } from './config.ts';
import { openDeps } from './deps.ts';
import { auditService } from './service.ts';

export { type Config, readConfig };

/** A batch of 1000 events with long texts. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** Starts the audit service. */
export async function start(
  config: Config,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<RunningService> {
  const postgresUrl = config.GATEHOUSE_AUDIT_POSTGRES_URL;
  const migrations = join(import.meta.dirname, '../migrations');
  const runtime = openRuntime({ service: 'audit', config, postgresUrl, migrations, clock });
  return startOrStop(runtime.stops, async () => {
    const deps = openDeps(config, runtime);
    const services = [mount(AuditServiceService, auditService(deps), access)];
    return runtime.serve({ services, acting: deps.acting, maxRequestBytes: MAX_REQUEST_BYTES });
  });
}

if (import.meta.main) await runService(readConfig, start);
