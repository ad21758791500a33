import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { provision } from '@gatehouse/postgres';
import { type Authority, createAuthority, rolePassword } from '@gatehouse/testing';
import { inheritedEnvironment } from '../config.ts';
import { type HttpServiceName, layOut, type Place, SERVICES, type ServiceName } from './places.ts';
import { secretKeys } from './secret-keys.ts';
import { type ServiceProcess, serviceProcess } from './service-process.ts';

export { SERVICES, type ServiceName };

export interface MeshOptions {
  /** Root of the checkout. */
  readonly root: string;
  /** Where certificates, secrets, logs and pid files are kept. */
  readonly home: string;
  /** URL of a superuser in the database that is to hold the five schemas. */
  readonly postgresAdminUrl: string;
  readonly redisUrl: string;
  /** Further variables for all services. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many instances of a service run; 1 unless it is named. */
  readonly instances?: Readonly<Partial<Record<ServiceName, number>>>;
  /** First port to try; the services take it and those above it. */
  readonly firstPort?: number;
  readonly say?: (line: string) => void;
}

/** The five services, running. */
export interface Mesh {
  readonly authority: Authority;
  readonly trustDomain: string;
  /** Every instance of a service. */
  instances(name: ServiceName): readonly ServiceProcess[];
  /** `127.0.0.1:port` of an instance. */
  address(name: ServiceName, instance?: number): string;
  /** `127.0.0.1:port` where an instance serves HTTP. */
  httpAddress(name: HttpServiceName, instance?: number): string;
  stop(): Promise<void>;
}

const TRUST_DOMAIN = 'gatehouse.local';

/** How often ports are looked for again when somebody else took one between the look and its use. */
const START_ATTEMPTS = 5;

/** Migrates the database and starts the services with mTLS. When one does not come up, those that did are stopped. */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { root, home, say = () => {} } = options;
  mkdirSync(join(home, 'run'), { recursive: true });
  const authority = await createAuthority({ directory: join(home, 'tls'), trustDomain: TRUST_DOMAIN });
  say('Bringing the schemas up to date.');
  const urls = await provisionAll(root, options.postgresAdminUrl);
  say('Starting the services.');
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServices(options, authority, urls);
    } catch (error) {
      const portTaken = error instanceof Error && /EADDRINUSE|names port \d+, which is in use/.test(error.message);
      if (!portTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startServices(
  options: MeshOptions,
  authority: Authority,
  urls: Record<ServiceName, string>,
): Promise<Mesh> {
  const { root, redisUrl, env, say = () => {} } = options;
  const places = await layOut(options);
  const addresses = Object.fromEntries(
    SERVICES.map((name) => {
      const all = places[name].map(({ port }) => `127.0.0.1:${port}`).join(',');
      return [`GATEHOUSE_${name.toUpperCase()}_ADDRESS`, `ipv4:${all}`];
    }),
  );
  const start = (name: ServiceName, place: Place) => {
    const own = serviceEnvironment(name, place, authority, urls[name], redisUrl);
    const entry = join(root, 'services', name, 'src/main.ts');
    const secrets = { [`GATEHOUSE_${name.toUpperCase()}_SECRET_KEYS`]: secretKeys(options.home, name) };
    const all = { ...inheritedEnvironment(), ...own, ...secrets, ...addresses, ...env };
    return serviceProcess({ ...place, entry, say, env: all });
  };
  const running = new Map(SERVICES.map((name) => [name, places[name].map((place) => start(name, place))]));
  const instances = (name: ServiceName) => running.get(name) ?? [];
  const stop = async () => {
    // Audit last, so that what the others still have to tell is heard.
    const others = SERVICES.filter((name) => name !== 'audit').flatMap(instances);
    await Promise.all(others.map((each) => each.stop()));
    await Promise.all(instances('audit').map((each) => each.stop()));
  };
  const started = await Promise.allSettled(SERVICES.flatMap(instances).map((each) => each.start()));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    authority,
    trustDomain: TRUST_DOMAIN,
    instances,
    address: (name, instance = 0) => {
      const port = instances(name)[instance]?.port;
      if (port === undefined) throw new Error(`There is no instance ${instance} of ${name}.`);
      return `127.0.0.1:${port}`;
    },
    httpAddress: (name, instance = 0) => {
      const port = instances(name)[instance]?.httpPort;
      if (port === undefined) throw new Error(`There is no instance ${instance} of ${name} that serves HTTP.`);
      return `127.0.0.1:${port}`;
    },
    stop,
  };
}

function serviceEnvironment(
  name: ServiceName,
  place: Place,
  authority: Authority,
  postgresUrl: string,
  redisUrl: string,
) {
  const { ca, cert, key } = authority.issueSync(name);
  const upper = name.toUpperCase();
  return {
    GATEHOUSE_LISTEN: `127.0.0.1:${place.port}`,
    GATEHOUSE_ADMIN_LISTEN: `127.0.0.1:${place.adminPort}`,
    GATEHOUSE_TLS_CA: ca,
    GATEHOUSE_TLS_CERT: cert,
    GATEHOUSE_TLS_KEY: key,
    GATEHOUSE_TRUST_DOMAIN: TRUST_DOMAIN,
    GATEHOUSE_INSTANCE: place.name,
    GATEHOUSE_REFLECTION: 'on',
    [`GATEHOUSE_${upper}_POSTGRES_URL`]: postgresUrl,
    [`GATEHOUSE_${upper}_REDIS_URL`]: redisUrl,
    ...(place.httpPort === undefined ? {} : { [`GATEHOUSE_${upper}_HTTP_LISTEN`]: `127.0.0.1:${place.httpPort}` }),
  };
}

async function provisionAll(root: string, adminUrl: string): Promise<Record<ServiceName, string>> {
  const urls = await Promise.all(
    SERVICES.map(async (service) => {
      const { appUrl } = await provision({
        adminUrl,
        service,
        directory: join(root, 'services', service, 'migrations'),
        ownerPassword: rolePassword(adminUrl, `gatehouse_${service}_owner`),
        appPassword: rolePassword(adminUrl, `gatehouse_${service}`),
      });
      return [service, appUrl];
    }),
  );
  return Object.fromEntries(urls);
}
