import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { liveHolder } from '../../bootstrap/holder.mjs';

/**
 * Takes the lock that lets only one `up` run in a checkout; the answer gives it back. A lock whose holder has died is
 * taken over. Throws when another `up` runs.
 */
export function takeLock(home: string): () => void {
  mkdirSync(home, { recursive: true });
  const file = join(home, 'up.lock');
  const holder = liveHolder(file);
  if (holder !== undefined) throw new Error(`gatehouse up is running here already (process ${holder}).`);
  rmSync(file, { force: true });
  const handle = openSync(file, 'wx', 0o600);
  writeSync(handle, `${process.pid}\n`);
  closeSync(handle);
  return () => rmSync(file, { force: true });
}
