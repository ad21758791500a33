import { partEnvironment } from './config.ts';
import { findPart, type PartName } from './parts.mjs';

/** Where a program from outside is on this machine; undefined when it is not here. */
export function partPath(part: PartName): string | undefined {
  return findPart(part, partEnvironment());
}
