import type { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { getBackup } from './rpc/get-backup.ts';
import { getRestoreDrill } from './rpc/get-restore-drill.ts';
import { startBackup } from './rpc/start-backup.ts';
import { startRestoreDrill } from './rpc/start-restore-drill.ts';

/** The ops service: one line for each RPC in ops.proto. */
export function opsService(deps: Deps): Handlers<typeof OpsServiceService> {
  return {
    startBackup: startBackup(deps),
    getBackup: getBackup(deps),
    startRestoreDrill: startRestoreDrill(deps),
    getRestoreDrill: getRestoreDrill(deps),
  };
}
