import { join } from 'node:path';
import { type Mesh, SERVICES, type ServiceName } from '../mesh/start-mesh.ts';
import type { Stores } from './stores.ts';

/** Where a service answers and writes. */
export interface ServicePlace {
  /** URL for gRPC, over mTLS. */
  readonly grpc: string;
  /** URL for HTTP, over mTLS; undefined for a service that serves none. */
  readonly http: string | undefined;
  readonly metrics: string;
  readonly log: string;
}

/** Where everything is that `up` has started. Paths are absolute, and no password is in it. */
export interface Places {
  /** The file for a shell to read, which holds the URLs and how to call them. */
  readonly env: string;
  readonly logs: string;
  readonly services: Readonly<Record<ServiceName, ServicePlace>>;
  /** `host:port/database`. */
  readonly postgres: string;
  /** `host:port`. */
  readonly redis: string;
}

export function placesOf(home: string, env: string, mesh: Mesh, stores: Stores): Places {
  const places = SERVICES.map((name) => {
    const [first] = mesh.instances(name);
    if (!first) throw new Error(`There is no instance of ${name}.`);
    const { port, httpPort, adminPort, logFile } = first;
    const place: ServicePlace = {
      grpc: `https://localhost:${port}`,
      http: httpPort === undefined ? undefined : `https://localhost:${httpPort}`,
      metrics: `http://127.0.0.1:${adminPort}/metrics`,
      log: logFile,
    };
    return [name, place] as const;
  });
  const url = new URL(stores.postgresAdminUrl);
  return {
    env,
    logs: join(home, 'logs'),
    services: Object.fromEntries(places) as Record<ServiceName, ServicePlace>,
    postgres: url.host + url.pathname,
    redis: new URL(stores.redisUrl).host,
  };
}

export function localhost(address: string): string {
  return address.replace('127.0.0.1', 'localhost');
}
