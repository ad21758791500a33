import { openRuntime } from '@gatehouse/mesh';
import { systemClock } from '@gatehouse/process';
import { mounted, openDeps, readConfig } from '@gatehouse/session-service';
import { migrationsOf } from '../migrations-of.ts';
import { runServer } from './run-server.ts';
import { serveService } from './serve-service.ts';

// The session service, put together as its main.ts does it.
await runServer(async () => {
  const config = readConfig();
  const runtime = openRuntime({
    service: 'session',
    config,
    postgresUrl: config.GATEHOUSE_SESSION_POSTGRES_URL,
    migrations: migrationsOf('session'),
    clock: systemClock,
  });
  const deps = openDeps(config, runtime);
  const services = mounted(deps);
  return serveService(runtime, config.GATEHOUSE_TRUST_DOMAIN, { services, acting: deps.acting });
});
