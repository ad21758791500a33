import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../bootstrap/lock.mjs';

/** A range of ports that belongs to one `up` at a time, among all checkouts of this machine. */
export interface PortBlock {
  /** First port of the services; their admin and HTTP ports lie from 100 above. */
  readonly services: number;
  readonly postgres: number;
  readonly redis: number;
  release(): void;
}

const FIRST_BLOCK = 7100;
const BLOCK_SIZE = 200;
const BLOCKS_MAX = 50;

/**
 * Claims the first block that no other `up` holds, so that two which start at once never reach for the same port. A claim
 * whose holder has died counts for nothing. Ports inside it that other programs use are stepped over where they are bound.
 */
export function claimPortBlock(): PortBlock {
  for (let block = 0; block < BLOCKS_MAX; block++) {
    const base = FIRST_BLOCK + block * BLOCK_SIZE;
    const file = join(tmpdir(), `gatehouse-ports-${base}.lock`);
    if (claimed(file)) {
      const release = () => rmSync(file, { force: true });
      return { services: base + 1, postgres: base + 50, redis: base + 60, release };
    }
  }
  throw new Error(`${BLOCKS_MAX} other gatehouse up are running on this machine.`);
}

function claimed(file: string): boolean {
  try {
    return takeLock(file);
  } catch {
    // It is another account's.
    return false;
  }
}
