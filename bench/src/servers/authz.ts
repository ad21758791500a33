import { mounted, openDeps, readConfig } from '@gatehouse/authz-service';
import { openRuntime } from '@gatehouse/mesh';
import { systemClock } from '@gatehouse/process';
import { migrationsOf } from '../migrations-of.ts';
import { runServer } from './run-server.ts';
import { serveService } from './serve-service.ts';

// The authz service, put together as its main.ts does it.
await runServer(async () => {
  const config = readConfig();
  const runtime = openRuntime({
    service: 'authz',
    config,
    postgresUrl: config.GATEHOUSE_AUTHZ_POSTGRES_URL,
    migrations: migrationsOf('authz'),
    clock: systemClock,
  });
  const deps = openDeps(config, runtime);
  const services = mounted(deps);
  return serveService(runtime, config.GATEHOUSE_TRUST_DOMAIN, { services, acting: deps.acting });
});
