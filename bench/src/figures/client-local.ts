import { connectGatehouse } from '@gatehouse/client';
import type { Figure } from '../row.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { createSessions } from '../work/sessions.ts';

const SESSIONS = 10_000;
const AIM_PER_SECOND = 1_000_000;
/** Validations between two looks at the clock. */
const ROUND = 10_000;

/**
 * How many validations the client answers from its own memory in a second of one core: with many different tokens, each
 * answer checked. Counted by processor time, because the load's core has other work as well.
 */
export async function clientLocal(stage: Stage, server: StartedServer): Promise<Figure[]> {
  const { signal, clientFiles, trustDomain, runMs } = stage;
  const sessions = await createSessions(server.port('operator'), SESSIONS, signal);
  const gatehouse = connectGatehouse({
    session: { addresses: [`127.0.0.1:${server.port('tls')}`] },
    tls: { ...clientFiles, trustDomain },
    cache: { maxEntries: SESSIONS * 2 },
  });
  const isRight = ({ token, sessionId }: (typeof sessions)[number]) => {
    const known = gatehouse.sessions.peek(token);
    if (known && known.sessionId !== sessionId) throw new Error(`The client took ${sessionId} for another session.`);
    return known !== undefined;
  };
  try {
    // Memory answers once the watch has proved itself, so it may take more than one round until all are in it.
    while (!sessions.every(isRight)) {
      signal.throwIfAborted();
      await Promise.all(sessions.map(({ token }) => gatehouse.sessions.validate(token)));
    }
    const until = performance.now() + runMs;
    const before = process.cpuUsage();
    let answers = 0;
    while (performance.now() < until) {
      for (let index = 0; index < ROUND; index += 1) {
        const session = sessions[answers % sessions.length];
        if (!session || !isRight(session)) throw new Error('The client forgot a session that did not change.');
        answers += 1;
      }
      // The watch is heard between rounds.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(before);
    return [
      {
        name: 'validate in the client’s own memory, by processor time',
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
