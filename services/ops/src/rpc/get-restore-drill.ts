import type { GetRestoreDrillRequest, GetRestoreDrillResponse } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { restoreDrillNotFound } from '../domain/restore-drill.ts';
import { findRestoreDrill } from '../store/restore-drills.ts';
import { toRestoreDrillMessage } from '../wire/restore-drill.ts';

/** Tells the state of a restore drill. */
export function getRestoreDrill({ db }: Pick<Deps, 'db'>): Handler<GetRestoreDrillRequest, GetRestoreDrillResponse> {
  return async ({ restoreDrillId }, call) => {
    const drill = await findRestoreDrill(db.within(call), restoreDrillId);
    if (!drill) throw restoreDrillNotFound();
    return { restoreDrill: toRestoreDrillMessage(drill) };
  };
}
