import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { HostPort, RedisAddress } from './address.ts';
import { MasterConnector, SocketConnector } from './connectors.ts';

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 500;
const CONNECT_TIMEOUT_MS = 1000;
/** How long a peer may take to close its side before the socket is destroyed. */
const DISCONNECT_TIMEOUT_MS = 200;
const KEEP_ALIVE_MS = 10_000;
/** How often a server that still loads its data set is asked again. */
const LOADING_RETRY_MS = 500;
/** A connection on which commands wait and nothing arrives for this many command timeouts is given up. */
const SILENCE_IN_COMMAND_TIMEOUTS = 3;
/** Together the retries inside a cluster stay below the default command timeout. */
const CLUSTER_REDIRECTIONS_MAX = 4;
const CLUSTER_RETRY_MS = 50;
const CLUSTER_SLOTS_TIMEOUT_MS = 500;
const CLUSTER_SLOTS_REFRESH_MS = 5000;

/** What a connection may be told; replies are always mapped in the same way. */
type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

/**
 * A connection for commands, which guardCommands has to hold to their timeout. It reconnects for ever, queues nothing
 * while it is down, and never sends a command twice, because a lost answer does not say whether the command ran.
 */
export function connectForCommands(address: RedisAddress, name: string, commandTimeoutMs: number): Redis | Cluster {
  const options: ConnectionOptions = {
    ...nodeOptions(address, name),
    socketTimeout: commandTimeoutMs * SILENCE_IN_COMMAND_TIMEOUTS,
    // What is under way when the connection is lost fails there and then, and is not kept to be sent again.
    maxRetriesPerRequest: 0,
  };
  if (address.mode === 'cluster') return connectCluster(address, options, { enableOfflineQueue: false });
  return new Redis({
    ...options,
    ...location(address, commandTimeoutMs),
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
    sentinelRetryStrategy: retryDelayMs,
    // A master that was demoted, or that lost its replicas to a new one, has to be looked up again.
    reconnectOnError: (error) =>
      error.message.includes('READONLY') || (address.mode === 'sentinel' && error.message.includes('NOREPLICAS')),
  });
}

/**
 * A connection for one subscription. It lives once: when it is lost it ends and never comes back by itself, so that
 * the subscriber can't miss that messages may be missing. In a cluster it goes to one of `nodes`, or to a node of the
 * URL when none is known.
 */
export function connectForSubscription(
  address: RedisAddress,
  name: string,
  commandTimeoutMs: number,
  nodes: readonly HostPort[],
): Redis {
  const options: ConnectionOptions = {
    ...nodeOptions(address, `${name}-subscriber`),
    commandTimeout: commandTimeoutMs,
    retryStrategy: null,
    sentinelRetryStrategy: () => null,
    autoResubscribe: false,
  };
  if (address.mode !== 'cluster') return new Redis({ ...options, ...location(address, commandTimeoutMs) });
  const candidates = nodes.length > 0 ? nodes : address.hosts;
  const node = candidates[Math.floor(Math.random() * candidates.length)];
  return new Redis({ ...options, ...node });
}

/** A connection for BullMQ, which blocks on it, resends by itself and insists on waiting for as long as it takes. */
export function connectForBull(address: RedisAddress, overrides: ConnectionOptions): Redis | Cluster {
  const options: ConnectionOptions = { ...nodeOptions(address, 'bull'), maxRetriesPerRequest: null, ...overrides };
  if (address.mode === 'cluster') {
    return connectCluster(address, options, { enableOfflineQueue: overrides.enableOfflineQueue ?? true });
  }
  return new Redis({
    ...options,
    ...location(address, CONNECT_TIMEOUT_MS),
    retryStrategy: retryDelayMs,
    sentinelRetryStrategy: retryDelayMs,
    reconnectOnError: (error) => error.message.includes('READONLY'),
  });
}

/** Milliseconds before try number `times`: 50, 100, 200, 400, then 500 for ever. */
export function retryDelayMs(times: number): number {
  return Math.min(RETRY_MIN_MS * 2 ** Math.min(times - 1, 10), RETRY_MAX_MS);
}

function nodeOptions(address: RedisAddress, name: string): ConnectionOptions {
  return {
    Connector: address.mode === 'sentinel' ? MasterConnector : SocketConnector,
    connectionName: name,
    username: address.username,
    password: address.password,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    tls: tlsOptions(address),
  };
}

/** The files are read anew for each client. A single server is asked for by its name, if the URL has one. */
function tlsOptions(address: RedisAddress): TlsOptions | undefined {
  if (address.tls === undefined) return undefined;
  const [ca, cert, key] = [address.tls.ca, address.tls.cert, address.tls.key].map((file) => file && readFileSync(file));
  const host = address.mode === 'single' ? address.hosts[0]?.host : undefined;
  return { ca, cert, key, ...(host !== undefined && isIP(host) === 0 ? { servername: host } : {}) };
}

function location(address: Exclude<RedisAddress, { mode: 'cluster' }>, timeoutMs: number): ConnectionOptions {
  if (address.mode === 'single') return { ...address.hosts[0], db: address.db };
  return {
    sentinels: [...address.hosts],
    name: address.master,
    db: address.db,
    sentinelUsername: address.sentinelUsername,
    sentinelPassword: address.sentinelPassword,
    sentinelCommandTimeout: timeoutMs,
    enableTLSForSentinelMode: address.tls !== undefined,
    sentinelTLS: tlsOptions(address),
  };
}

function connectCluster(
  address: RedisAddress,
  redisOptions: ConnectionOptions,
  { enableOfflineQueue }: { readonly enableOfflineQueue: boolean },
): Cluster {
  return new Cluster([...address.hosts], {
    redisOptions,
    enableOfflineQueue,
    clusterRetryStrategy: retryDelayMs,
    maxRedirections: CLUSTER_REDIRECTIONS_MAX,
    retryDelayOnFailover: CLUSTER_RETRY_MS,
    retryDelayOnClusterDown: CLUSTER_RETRY_MS,
    retryDelayOnTryAgain: CLUSTER_RETRY_MS,
    slotsRefreshTimeout: CLUSTER_SLOTS_TIMEOUT_MS,
    slotsRefreshInterval: CLUSTER_SLOTS_REFRESH_MS,
    // Certificates are for names, so a node is reached by the name that it announces.
    ...(address.tls ? { dnsLookup: (host, found) => found(null, host) } : {}),
  });
}
