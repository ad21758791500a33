/** What stands around a handle of libuv: a socket, a server, a child process. */
interface Holder {
  readonly _handle?: unknown;
  readonly pid?: number;
  kill?(signal: string): unknown;
  destroy?(): unknown;
  close?(): unknown;
  on?(event: 'error', listener: () => void): unknown;
}

/** Closes by force what a test has left open: `kind` is the async hooks' name for it. Never throws. */
export function closeResource(kind: string, resource: object): void {
  try {
    if (kind === 'Timeout') clearTimeout(resource as NodeJS.Timeout);
    const holder = holderOf(resource);
    // Whoever hears of the end may answer with an error that nobody waits for.
    holder?.on?.('error', () => {});
    if (holder?.pid !== undefined) holder.kill?.('SIGKILL');
    else if (holder?.destroy) holder.destroy();
    else if (holder?.close) holder.close();
    else (resource as Holder).close?.();
  } catch {
    // It was closing already.
  }
}

/** Node keeps the list for its own diagnostics. There is no other way from a handle to what JavaScript holds of it. */
function holderOf(handle: object): Holder | undefined {
  const holders = Reflect.get(process, '_getActiveHandles') as () => Holder[];
  return holders.call(process).find((holder) => holder === handle || holder._handle === handle);
}
