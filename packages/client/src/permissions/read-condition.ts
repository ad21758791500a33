import { type Condition, compileCondition } from '../policy/index.ts';

const WHY = "The condition can't be read by this version of the client.";

/** A condition that is never known to hold: the service, which may be newer, is asked where it matters. */
const UNREADABLE: Omit<Condition, 'source'> = {
  openFacts: new Set(),
  evaluate: () => ({ outcome: 'undetermined', why: WHY }),
  facts: () => [],
};

/** The condition of a source; undefined for none. */
export function readCondition(source: string): Condition | undefined {
  if (source === '') return undefined;
  try {
    return compileCondition(source);
  } catch {
    return { source, ...UNREADABLE };
  }
}

/** Whether it could be read. */
export function isReadable(condition: Condition | undefined): boolean {
  return condition?.evaluate !== UNREADABLE.evaluate;
}
