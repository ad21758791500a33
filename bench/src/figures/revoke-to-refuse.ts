import { isFailure } from '@gatehouse/failure';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, connect } from '@gatehouse/rpc';
import { drive } from '../load/drive.ts';
import { histogram } from '../load/histogram.ts';
import type { Figure } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { prove } from '../work/prove.ts';
import { createSessions, type KnownSession } from '../work/sessions.ts';
import { validations } from '../work/validate.ts';

const LOADED = 2_000;
const REVOKED = 500;
const AIM_MS = 50;
/** Far beyond the staleness bound: a revocation that is not seen by then never will be. */
const GIVE_UP_MS = 10_000;

/**
 * How long after a revocation was asked of one instance the other still accepted the session, with the other under full
 * load. Every session is validated on the other before, so that it answers from its memory.
 */
export async function revokeToRefuse(stage: Stage, a: StartedServer, b: StartedServer): Promise<Figure[]> {
  const { signal, warmUpMs } = stage;
  const [loaded, revoked] = [
    await createSessions(a.port('operator'), LOADED, signal),
    await createSessions(a.port('operator'), REVOKED, signal),
  ];
  const target = { port: b.port('app'), path: PATHS.validateSession };
  await prove(target, validations(revoked, Freshness.FRESHNESS_BOUNDED), signal);
  const exchanges = await prove(target, validations(loaded, Freshness.FRESHNESS_BOUNDED), signal);
  const over = new AbortController();
  const load = drive(target, exchanges, {
    warmUpMs,
    runMs: GIVE_UP_MS * REVOKED,
    signal: AbortSignal.any([signal, over.signal]),
    cpuMs: () => undefined,
  }).catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  const [revoker, asker] = [open(a.port('operator')), open(b.port('app'))];
  const delays = histogram();
  const measure = async () => {
    for (const session of revoked) delays.record(await delayUs(revoker, asker, session, signal));
  };
  try {
    await Promise.race([measure(), load.then(() => Promise.reject(new Error('The load ended before its time.')))]);
  } finally {
    over.abort();
    await load;
    revoker.close();
    asker.close();
  }
  return [0.5, 0.99].map((share) => ({
    name: `revoke to refuse on another instance under load, p${share * 100}`,
    value: delays.percentile(share) / 1000,
    unit: 'ms' as const,
    aim: AIM_MS,
    aimIs: 'at most' as const,
  }));
}

/** Microseconds from asking for the revocation to asking the question that was the first to be refused. */
async function delayUs(revoker: Asker, asker: Asker, { token }: KnownSession, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const acknowledged = revoker.revokeSession(
    { target: { $case: 'sessionToken', value: token }, reason: RevokedReason.REVOKED_REASON_LOGOUT },
    { signal },
  );
  // Awaited below; until then a failure must not end the process.
  acknowledged.catch(() => {});
  for (;;) {
    const askedAt = performance.now();
    if (askedAt - startedAt > GIVE_UP_MS) throw new Error('A revoked session was accepted for too long.');
    const request = { sessionToken: token, freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken: '' };
    const isRefused = await asker.validateSession(request, { signal }).then(
      () => false,
      (error: unknown) => {
        if (isFailure(error, 'SESSION_REVOKED')) return true;
        throw error;
      },
    );
    if (!isRefused) continue;
    await acknowledged;
    return (askedAt - startedAt) * 1000;
  }
}

type Asker = Client<typeof SessionServiceService>;

function open(port: number): Asker {
  const address = `127.0.0.1:${port}`;
  return connect({ definition: SessionServiceService, address, transport: { kind: 'insecure-loopback' } });
}
