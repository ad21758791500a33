/** Thrown when somebody else took a port between finding it free and listening on it; another port may be tried. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/** How often another port is tried. */
const PORT_ATTEMPTS = 5;

/** Runs `start` again, up to five times in all, as long as it rejects with PortTaken. */
export async function retryPortTaken<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}
