import type { TestService } from './service.ts';

type Instance = { readonly service: Pick<TestService, 'adminUrl'> };

/** What an instance shows to Prometheus. */
export async function metricsOf({ adminUrl }: Pick<TestService, 'adminUrl'>): Promise<string> {
  return (await fetch(`${adminUrl}/metrics`, { headers: { connection: 'close' } })).text();
}

/** Whether the instance believes what Redis holds. */
export async function isTrusting({ service }: Instance): Promise<boolean> {
  return /^cache_redis_trusted\{[^}]*\} 1$/m.test(await metricsOf(service));
}

/** Whether the instance can prove that it hears of every change, so that it answers from its memory. */
export async function isCurrent({ service }: Instance): Promise<boolean> {
  return /^invalidation_bus_current\{[^}]*\} 1$/m.test(await metricsOf(service));
}

/** Whether every instance answers from its memory and believes Redis. */
export async function areWell(instances: readonly Instance[]): Promise<boolean> {
  const answers = await Promise.all(instances.flatMap((each) => [isTrusting(each), isCurrent(each)]));
  return answers.every(Boolean);
}
