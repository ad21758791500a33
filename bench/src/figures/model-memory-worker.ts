import { parentPort, workerData } from 'node:worker_threads';
import { loadModel } from '@gatehouse/authz-service/model';
import { openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { usedBytes } from './used-bytes.ts';

/** A model, as it was read and compiled. */
export interface MeasuredModel {
  readonly roles: number;
  readonly bytes: number;
}

const STATEMENT_TIMEOUT_MS = 120_000;

const db = openDatabase({
  url: workerData as string,
  applicationName: 'gatehouse-bench-model',
  maxConnections: 1,
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  logger: silentLogger,
});
// The first is thrown away: it also brings in all code that the second needs.
await measureModel();
parentPort?.postMessage(await measureModel());
await db.close();

/** Reads the model by the service's own code, and has it make what every role holds. */
async function measureModel(): Promise<MeasuredModel> {
  const before = usedBytes();
  const model = await loadModel(db);
  for (const id of model.roles.keys()) {
    if (!model.closure(id)) throw new Error('The model does not know one of its roles.');
  }
  const bytes = usedBytes() - before;
  return { roles: model.roles.size, bytes };
}
