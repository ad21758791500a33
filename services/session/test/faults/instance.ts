import type { RedisInstance, TcpProxy } from '@gatehouse/testing';
import { type StartedSession, startSession } from '../harness.ts';

/** An instance of the session service that reaches Redis only through a proxy. */
export function startBehindProxy(
  proxy: TcpProxy,
  options: { readonly redis: RedisInstance } & Parameters<typeof startSession>[0],
): Promise<StartedSession> {
  const url = new URL(options.redis.url);
  url.port = String(proxy.port);
  return startSession({ ...options, env: { ...options.env, GATEHOUSE_SESSION_REDIS_URL: url.href } });
}

/** Whether the instance believes what Redis holds. */
export async function isTrusting(instance: StartedSession): Promise<boolean> {
  return (await instance.metrics()).includes('cache_redis_trusted{service="session"} 1');
}

/** Whether the instance can prove that it hears of every revocation, so that it answers from its memory. */
export async function isCurrent(instance: StartedSession): Promise<boolean> {
  return /^invalidation_bus_current\{[^}]*\} 1$/m.test(await instance.metrics());
}

/** Whether every instance answers from its memory and believes Redis. */
export async function areWell(instances: readonly StartedSession[]): Promise<boolean> {
  const answers = await Promise.all(instances.flatMap((each) => [isTrusting(each), isCurrent(each)]));
  return answers.every(Boolean);
}
