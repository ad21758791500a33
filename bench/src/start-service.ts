import { randomBytes } from 'node:crypto';
import type { Stage } from './stages.ts';
import { type StartedServer, startServer } from './start-server.ts';
import type { MeasuredService } from './stores.ts';

/** Nobody is there: nothing that is measured asks another service. */
const NOWHERE = '127.0.0.1:9';

/** Starts an instance of a service on the stores of the stage. `recorded`: which decisions go to the audit trail. */
export function startService(
  stage: Stage,
  name: MeasuredService,
  recorded: 'none' | 'denied' = 'none',
): Promise<StartedServer> {
  const { placement, signal } = stage;
  return startServer({ name, env: environment(stage, name, recorded), placement, signal });
}

/** What the service finds in its environment: what it must be told, and its own defaults for the rest. */
function environment(
  { stores, serviceFiles, auditAddress, trustDomain }: Stage,
  service: MeasuredService,
  recorded: 'none' | 'denied',
): Record<string, string> {
  const { ca, cert, key } = serviceFiles[service];
  const prefix = `GATEHOUSE_${service.toUpperCase()}`;
  return {
    GATEHOUSE_LISTEN: '127.0.0.1:0',
    GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0',
    GATEHOUSE_TLS_CA: ca,
    GATEHOUSE_TLS_CERT: cert,
    GATEHOUSE_TLS_KEY: key,
    GATEHOUSE_TRUST_DOMAIN: trustDomain,
    GATEHOUSE_SESSION_ADDRESS: NOWHERE,
    GATEHOUSE_AUTHZ_ADDRESS: NOWHERE,
    GATEHOUSE_AUDIT_ADDRESS: auditAddress,
    GATEHOUSE_AUDIT_DECISIONS: recorded,
    [`${prefix}_POSTGRES_URL`]: stores.postgresUrl(service),
    [`${prefix}_REDIS_URL`]: stores.redisUrl,
    [`${prefix}_SECRET_KEYS`]: `1:${randomBytes(32).toString('base64url')}`,
  };
}
