import { byWayOf, type RedisInstance, type TcpProxy } from '@gatehouse/testing';
import { type StartedSession, startSession } from '../harness.ts';

/** An instance of the session service that reaches Redis only through a proxy. */
export function startBehindProxy(
  proxy: TcpProxy,
  options: { readonly redis: RedisInstance } & Parameters<typeof startSession>[0],
): Promise<StartedSession> {
  const url = byWayOf(proxy, options.redis.url);
  return startSession({ ...options, env: { ...options.env, GATEHOUSE_SESSION_REDIS_URL: url } });
}
