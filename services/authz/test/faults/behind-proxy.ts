import { byWayOf, type RedisInstance, type TcpProxy } from '@gatehouse/testing';
import { type Fixture, type FixtureOptions, startFixture } from '../fixture.ts';

/** An instance of the authz service that reaches Redis only through a proxy. */
export function startBehindProxy(
  proxy: TcpProxy,
  options: FixtureOptions & { readonly redis: RedisInstance },
): Promise<Fixture> {
  const url = byWayOf(proxy, options.redis.url);
  return startFixture({ ...options, env: { ...options.env, GATEHOUSE_AUTHZ_REDIS_URL: url } });
}
