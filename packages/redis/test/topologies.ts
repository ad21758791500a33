import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { findRedis } from '@gatehouse/testing/binaries';
import { Redis } from 'ioredis';
import { searchPath } from './config.ts';

/** Each server has a password of its own; this user is the same on all of them. */
const USER = { username: 'gatehouse', password: 'open-sesame' };
const USER_SETTING = { user: `${USER.username} on >${USER.password} ~* &* +@all` };
const LOGIN = `${USER.username}:${USER.password}@`;
const SLOTS = 16_384;

/** Path of the Redis binary; several servers that must reach each other are not started in containers. */
export const redisBinary = findRedis(searchPath);

export interface Topology extends AsyncDisposable {
  readonly url: string;
  readonly nodes: readonly RedisInstance[];
  /** Opens a plain client to one of the nodes. */
  client(node: number): Redis;
}

/** Starts a cluster of masters, without replicas. */
export async function startCluster(size: number): Promise<Topology> {
  const nodes = await Promise.all(
    Array.from({ length: size }, () =>
      startRedis({ settings: { ...USER_SETTING, 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' } }),
    ),
  );
  const topology = topologyOf(`redis+cluster://${LOGIN}${hostsOf(nodes)}`, nodes);
  const clients = nodes.map((_, index) => topology.client(index));
  for (const [index, client] of clients.entries()) {
    const first = Math.ceil((SLOTS / size) * index);
    const last = Math.ceil((SLOTS / size) * (index + 1)) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0);
  }
  for (const client of clients) {
    await waitFor(async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`);
    });
    client.disconnect();
  }
  return topology;
}

/** Starts a master with one replica, and a Sentinel that knows the replica. */
export async function startSentinel(binary: string): Promise<Topology> {
  const settings = { ...USER_SETTING, masteruser: USER.username, masterauth: USER.password };
  const master = await startRedis({ settings });
  const replica = await startRedis({ settings: { ...settings, replicaof: `127.0.0.1 ${master.port}` } });
  const [port, deadPort] = [await freePort(), await freePort()];
  const sentinel = startSentinelProcess(binary, port, master.port);
  const nodes = [master, replica];
  const topology = topologyOf(`redis+sentinel://${LOGIN}127.0.0.1:${deadPort},127.0.0.1:${port}/main`, nodes);
  const client = new Redis({ port, retryStrategy: () => 50 });
  client.on('error', () => {});
  await waitFor(async () => /num-slaves,1/.test(String(await client.call('SENTINEL', 'MASTER', 'main'))));
  client.disconnect();
  return {
    ...topology,
    async [Symbol.asyncDispose]() {
      await sentinel[Symbol.asyncDispose]();
      await topology[Symbol.asyncDispose]();
    },
  };
}

function startSentinelProcess(binary: string, port: number, masterPort: number): AsyncDisposable {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    `sentinel auth-user main ${USER.username}`,
    `sentinel auth-pass main ${USER.password}`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child: ChildProcess = spawn(binary, [file, '--sentinel'], { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      const ended = once(child, 'exit');
      kill();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function topologyOf(url: string, nodes: readonly RedisInstance[]): Topology {
  return {
    url,
    nodes,
    client: (node) => new Redis({ port: nodes[node]?.port ?? 0, ...USER }),
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

function hostsOf(nodes: readonly RedisInstance[]): string {
  return nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
}
