import { connectGatehouse } from '@gatehouse/client';
import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Figure } from '../row.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import type { KnownCheck } from '../work/checks.ts';

const AIM_PER_SECOND = 1_000_000;
/** Checks between two looks at the clock. */
const ROUND = 10_000;

/**
 * How many checks the client decides in its own memory in a second of one core: of many users, half of them denied, each
 * answer checked. Counted by processor time, because the load's core has other work as well.
 */
export async function clientChecks(
  { signal, clientFiles, trustDomain, runMs }: Stage,
  server: StartedServer,
  known: readonly KnownCheck[],
): Promise<Figure[]> {
  const here = { addresses: [`127.0.0.1:${server.port('tls')}`] };
  const gatehouse = connectGatehouse({ session: here, authz: here, tls: { ...clientFiles, trustDomain } });
  const { permissions } = gatehouse;
  const isRight = (check: KnownCheck) => {
    const verdict = permissions.peek(check);
    if (verdict && verdict.isAllowed !== (check.expected === Decision.DECISION_ALLOWED)) {
      throw new Error(`The client decided ${check.permission} of ${check.userId} as it is not.`);
    }
    return verdict !== undefined;
  };
  try {
    // Memory answers once the watch has proved itself, so it may take more than one round until all are in it.
    while (!known.every(isRight)) {
      signal.throwIfAborted();
      await Promise.all(known.map((check) => permissions.check(check)));
    }
    const until = performance.now() + runMs;
    const before = process.cpuUsage();
    let answers = 0;
    while (performance.now() < until) {
      for (let index = 0; index < ROUND; index += 1) {
        const check = known[answers % known.length];
        if (!check || !isRight(check)) throw new Error('The client forgot a user who did not change.');
        answers += 1;
      }
      // The watch is heard between rounds.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(before);
    return [
      {
        name: 'check in the client’s own memory, by processor time',
        value: (answers * 1e6) / (user + system),
        unit: 'per second',
        aim: AIM_PER_SECOND,
        aimIs: 'at least',
      },
    ];
  } finally {
    gatehouse.close();
  }
}
