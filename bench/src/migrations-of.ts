import { join } from 'node:path';

const SERVICES = join(import.meta.dirname, '../../services');

/** The folder of a service's migrations. */
export function migrationsOf(service: string): string {
  return join(SERVICES, service, 'migrations');
}
