import type { Place } from './place.ts';

/** Which packages a package may import. One that is not named here fails the check until it gets its line. */
export const PACKAGE_GRAPH: Readonly<Record<string, readonly string[]>> = {
  failure: [],
  process: ['failure'],
  verify: [],
  rpc: ['failure', 'process', 'verify', 'proto'],
  postgres: ['failure', 'process'],
  redis: ['failure', 'process'],
  http: ['failure', 'process', 'verify', 'rpc'],
  mesh: ['failure', 'process', 'verify', 'rpc', 'postgres', 'redis', 'proto'],
  testing: ['failure', 'process', 'rpc', 'postgres', 'redis', 'mesh', 'proto'],
  // What users install stands on nothing of ours but the messages and the reader of credentials, which are compiled into it.
  client: ['verify', 'proto'],
};

/** The only modules that users of the client install with it. */
export const CLIENT_DEPENDENCIES: ReadonlySet<string> = new Set([
  '@grpc/grpc-js',
  '@bufbuild/protobuf',
  '@marcbachmann/cel-js',
  'jose',
  'yaml',
]);

/** Everything under `src` of a service, and what of its own service each may import. Imports run down this table. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  main: ['config', 'deps', 'service', 'access', 'events', 'rpc', 'http', 'wire', 'domain', 'store', 'peers', 'jobs'],
  service: ['rpc', 'deps'],
  access: [],
  rpc: ['deps', 'events', 'edge', 'wire', 'domain', 'store', 'peers', 'jobs'],
  // HTTP beside gRPC: routes, which ask the same access table.
  http: ['config', 'deps', 'access', 'events', 'edge', 'domain', 'store', 'peers', 'http'],
  // Decisions that an RPC and an HTTP route answer alike, because neither imports the other.
  edge: ['deps', 'events', 'domain', 'store', 'peers', 'edge'],
  jobs: ['deps', 'events', 'domain', 'store', 'peers', 'jobs'],
  deps: ['config', 'events', 'wire', 'domain', 'store', 'peers', 'jobs'],
  events: ['deps', 'domain'],
  store: ['domain', 'store'],
  peers: ['wire', 'domain', 'peers'],
  // What several RPCs turn messages into, and back, because an RPC never imports an RPC.
  wire: ['domain', 'wire'],
  config: ['domain'],
  domain: ['domain'],
};

/** Layers that wire messages may reach; the rest speaks the words of the domain. Tests may use them everywhere. */
export const WIRE_LAYERS: ReadonlySet<string> = new Set(['rpc', 'wire', 'peers', 'service', 'main', 'access']);

/** Built-in modules that compute and touch nothing outside the process. */
export const PURE_BUILTINS: ReadonlySet<string> = new Set(['node:crypto', 'node:buffer', 'node:util', 'node:url']);

/** Packages that the domain of a service may stand on. What it may not know of proto is another rule's. */
export const PURE_PACKAGES: ReadonlySet<string> = new Set(['failure', 'verify', 'proto']);

/** Modules that only some files may import, so that the rest of the code depends on our own words for them. */
export const CONFINED: ReadonlyMap<string, { readonly where: string; allows(place: Place): boolean }> = new Map([
  ['pg', { where: 'packages/postgres', allows: ({ workspace }) => workspace === 'packages/postgres' }],
  ['ioredis', { where: 'packages/redis', allows: ({ workspace }) => workspace === 'packages/redis' }],
  [
    'bullmq',
    {
      where: 'packages/redis and the jobs, main.ts and deps.ts of a service',
      allows: ({ workspace, kind, layer }) =>
        workspace === 'packages/redis' || (kind === 'service' && ['jobs', 'main', 'deps'].includes(layer ?? '')),
    },
  ],
  [
    '@grpc/grpc-js',
    {
      where: 'packages/rpc, packages/client, generated code and bench/src/servers/ceiling.ts',
      allows: ({ workspace, path }) =>
        ['packages/rpc', 'packages/client'].includes(workspace) ||
        (workspace === 'bench' && path === 'src/servers/ceiling.ts'),
    },
  ],
]);

/** Whether a file may read the environment: one per program, so that its configuration has one list. */
export function mayReadEnvironment({ kind, path }: Place): boolean {
  return (
    /(?:^|\/)config\.ts$/.test(path) ||
    (kind === 'cli' && /^bootstrap\/[^/]+\.mjs$/.test(path)) ||
    (kind === 'root' && path === 'vitest.config.ts')
  );
}
