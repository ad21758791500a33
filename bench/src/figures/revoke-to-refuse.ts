import { isFailure } from '@gatehouse/failure';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, connect } from '@gatehouse/rpc';
import { histogram } from '../load/histogram.ts';
import type { Figure } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { prove } from '../work/prove.ts';
import { createSessions } from '../work/sessions.ts';
import { validations } from '../work/validate.ts';
import { delayFigures, delayUs, underLoad } from './under-load.ts';

const LOADED = 2_000;
const REVOKED = 500;
const AIM_MS = 50;

/**
 * How long after a revocation was asked of one instance the other still accepted the session, with the other under full
 * load. Every session is validated on the other before, so that it answers from its memory.
 */
export async function revokeToRefuse(stage: Stage, a: StartedServer, b: StartedServer): Promise<Figure[]> {
  const { signal } = stage;
  const [loaded, revoked] = [
    await createSessions(a.port('operator'), LOADED, signal),
    await createSessions(a.port('operator'), REVOKED, signal),
  ];
  const target = { port: b.port('app'), path: PATHS.validateSession };
  await prove(target, validations(revoked, Freshness.FRESHNESS_BOUNDED), signal);
  const exchanges = await prove(target, validations(loaded, Freshness.FRESHNESS_BOUNDED), signal);
  const [revoker, asker] = [open(a.port('operator')), open(b.port('app'))];
  const delays = histogram();
  try {
    await underLoad(stage, target, exchanges, async () => {
      for (const { token } of revoked) {
        const us = await delayUs(
          () => revoke(revoker, token, signal),
          () => isRefused(asker, token, signal),
        );
        delays.record(us);
      }
    });
  } finally {
    revoker.close();
    asker.close();
  }
  return delayFigures('revoke to refuse on another instance under load', delays, AIM_MS);
}

function revoke(revoker: Asker, token: string, signal: AbortSignal): Promise<unknown> {
  const target = { $case: 'sessionToken', value: token } as const;
  return revoker.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT }, { signal });
}

async function isRefused(asker: Asker, token: string, signal: AbortSignal): Promise<boolean> {
  const request = { sessionToken: token, freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken: '' };
  try {
    await asker.validateSession(request, { signal });
    return false;
  } catch (error) {
    if (isFailure(error, 'SESSION_REVOKED')) return true;
    throw error;
  }
}

type Asker = Client<typeof SessionServiceService>;

function open(port: number): Asker {
  const address = `127.0.0.1:${port}`;
  return connect({ definition: SessionServiceService, address, transport: { kind: 'insecure-loopback' } });
}
