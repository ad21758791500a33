import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { liveHolder } from '../../bootstrap/holder.mjs';
import { takeLock } from '../../bootstrap/lock.mjs';

/**
 * Takes the lock that lets only one `up` run on a folder; the answer gives it back. A lock whose holder has died is taken
 * over. Throws when another `up` runs.
 */
export function lockHome(home: string): () => void {
  mkdirSync(home, { recursive: true });
  const file = join(home, 'up.lock');
  if (!takeLock(file))
    throw new Error(`gatehouse up is running here already (process ${liveHolder(file) ?? 'unknown'}).`);
  return () => rmSync(file, { force: true });
}
