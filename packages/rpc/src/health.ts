import { Failure } from '@gatehouse/failure';
import { HealthService, HealthCheckResponse_ServingStatus as Serving } from '@gatehouse/proto/health/v1/health.ts';
import { type Mounted, mount } from './mount.ts';

/** grpc.health.v1.Health (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). */
export interface Health {
  readonly mounted: Mounted;
  /** Says of every service of the server whether it serves. */
  set(serving: boolean): void;
}

/** The health of the named services, and of the server as a whole under the empty name. */
export function health(services: readonly string[]): Health {
  const known = new Set(['', ...services]);
  let status: Serving = Serving.NOT_SERVING;
  const watchers = new Set<() => void>();
  const statusOf = (service: string): Serving => (known.has(service) ? status : Serving.SERVICE_UNKNOWN);
  const mounted = mount(
    HealthService,
    {
      check: ({ service }) => {
        if (!known.has(service)) throw new Failure('missing', 'SERVICE_UNKNOWN', 'The server has no such service.');
        return { status: statusOf(service) };
      },
      list: () => ({ statuses: Object.fromEntries([...known].map((service) => [service, { status }])) }),
      watch: async function* ({ service }, { signal }) {
        let sent: Serving | undefined;
        while (!signal.aborted) {
          const now = statusOf(service);
          if (now !== sent) {
            sent = now;
            yield { status: now };
          } else {
            await changed(watchers, signal);
          }
        }
      },
    },
    { check: { peers: ['*'] }, list: { peers: ['*'] }, watch: { peers: ['*'] } },
  );
  return {
    mounted,
    set: (serving) => {
      status = serving ? Serving.SERVING : Serving.NOT_SERVING;
      for (const wake of watchers) wake();
    },
  };
}

function changed(watchers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      watchers.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    watchers.add(wake);
    signal.addEventListener('abort', wake);
  });
}
