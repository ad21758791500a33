import { join } from 'node:path';
import { freePort } from '@gatehouse/testing';

/** The five services; the order is that of the tables that `up` prints. */
export const SERVICES = ['identity', 'session', 'authz', 'audit', 'ops'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where an instance of a service listens and writes. */
export interface Place {
  /** `session`, or `session-2` for a second instance. */
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  /** Where it serves HTTP for others than operators; undefined for a service that does not. */
  readonly httpPort: number | undefined;
  readonly logFile: string;
  readonly pidFile: string;
}

export interface PlacesOptions {
  readonly home: string;
  /** How many instances of a service run; 1 unless it is named. */
  readonly instances?: Readonly<Partial<Record<ServiceName, number>>> | undefined;
  /** First port to try; the services take it and those above it. By default any free port is taken. */
  readonly firstPort?: number | undefined;
}

/** From the gRPC port of an instance to its others, and to the next instance. See PortBlock for what they all fit into. */
const ADMIN_PORT_OFFSET = 100;
const HTTP_PORT_OFFSET = ADMIN_PORT_OFFSET + SERVICES.length;
const INSTANCE_PORT_OFFSET = 10;

/** Services that also serve HTTP. */
const SERVE_HTTP = ['session', 'authz'] as const satisfies readonly ServiceName[];
export type HttpServiceName = (typeof SERVE_HTTP)[number];

/** Finds a place for every instance of every service. */
export async function layOut({
  home,
  instances = {},
  firstPort,
}: PlacesOptions): Promise<Record<ServiceName, Place[]>> {
  const places: Record<ServiceName, Place[]> = { identity: [], session: [], authz: [], audit: [], ops: [] };
  for (const [index, service] of SERVICES.entries()) {
    for (let instance = 0; instance < (instances[service] ?? 1); instance++) {
      const name = instance === 0 ? service : `${service}-${instance + 1}`;
      const wanted = firstPort === undefined ? undefined : firstPort + index + instance * INSTANCE_PORT_OFFSET;
      const portAt = (offset: number) => freePort(wanted === undefined ? undefined : wanted + offset);
      places[service].push({
        name,
        port: await portAt(0),
        adminPort: await portAt(ADMIN_PORT_OFFSET),
        httpPort: SERVE_HTTP.some((name) => name === service) ? await portAt(HTTP_PORT_OFFSET) : undefined,
        logFile: join(home, 'logs', `${name}.log`),
        pidFile: join(home, 'run', `${name}.pid`),
      });
    }
  }
  return places;
}
