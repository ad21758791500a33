/** A pause of this process counts as one of these parts of a limit at most. */
const STEPS = 8;

/**
 * Calls `late` when something has taken longer than it may; the answer calls that off. What stood still was this process
 * when a part of the limit ends late, and not the server, so the limit is counted in parts. And after a pause the answer
 * may wait in the socket, which is read before an immediate runs.
 */
export function startLimit(limitMs: number, late: () => void): () => void {
  const stepMs = Math.ceil(limitMs / STEPS);
  let stepsLeft = STEPS;
  let isOff = false;
  const step = () => {
    stepsLeft -= 1;
    if (stepsLeft > 0) timer = setTimeout(step, stepMs);
    else setImmediate(() => isOff || late());
  };
  let timer = setTimeout(step, stepMs);
  return () => {
    isOff = true;
    clearTimeout(timer);
  };
}
