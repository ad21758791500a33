import { IDEMPOTENT_RPCS } from './idempotent-rpcs.ts';

/** More than this grpc-js does not try. */
export const RETRIES_MAX = 4;

/**
 * The service config of the channel: calls are spread over all addresses, and those that may be made twice are, when the
 * server is UNAVAILABLE. When more than half of the calls fail, nothing is tried again: a server that is down does not
 * need three times the calls.
 */
export function serviceConfig(retries: number): object {
  const names = Object.entries(IDEMPOTENT_RPCS).flatMap(([service, methods]) =>
    methods.map((method) => ({ service, method })),
  );
  const retryPolicy = {
    maxAttempts: retries + 1,
    initialBackoff: '0.05s',
    maxBackoff: '0.5s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: retries === 0 ? [] : [{ name: names, retryPolicy }],
    retryThrottling: { maxTokens: 100, tokenRatio: 0.1 },
  };
}
