import { openChannel, type TlsOptions } from './channel/open-channel.ts';
import type { ServerAddress } from './channel/target.ts';
import { openSessions, type Sessions } from './sessions/open-sessions.ts';
import type { CacheOptions } from './sessions/open-validator.ts';
import { openTokens, type Tokens } from './tokens/open-tokens.ts';

export interface GatehouseOptions {
  readonly session: ServerAddress;
  /**
   * Certificates, or `plaintext-loopback` for a proxy on the same machine that does the TLS; any other address is then
   * refused.
   */
  readonly tls: TlsOptions | 'plaintext-loopback';
  readonly defaults?: {
    /** How long a call may take, retries included; 3,000 when absent, at most 60,000. Milliseconds. */
    readonly deadlineMs?: number;
    /** How often a call that may be made twice is tried again when the server is UNAVAILABLE; 2 when absent, at most 4. */
    readonly retries?: number;
  };
  readonly cache?: CacheOptions;
  /** Most tokens that may wait for the service at a time; 10,000 when absent. With more, validations fail at once. */
  readonly pendingMax?: number;
  /**
   * Told of what does not fail a call: a watch that broke and is opened again, certificates that can't be read. It must
   * not throw. Nothing is told when it is absent.
   */
  readonly onWarning?: (error: Error) => void;
}

export interface GatehouseClient {
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  /** Lets go of everything. What is still waited for rejects with CLIENT_CLOSED. */
  close(): void;
}

const DEADLINE_MS = 3_000;
const RETRIES = 2;
const PENDING_MAX = 10_000;

/**
 * Makes a client. It connects with the first call; from then on it keeps the process alive until `close`. Throws when
 * options are wrong or the certificates are not good.
 */
export function connectGatehouse(options: GatehouseOptions): GatehouseClient {
  const { session, tls, defaults = {}, cache = {}, pendingMax = PENDING_MAX, onWarning = () => {} } = options;
  const { deadlineMs = DEADLINE_MS, retries = RETRIES } = defaults;
  const channel = openChannel({ session, tls, deadlineMs, retries, onWarning });
  try {
    const { sessions, close } = openSessions({ channel, cache, pendingMax, onWarning });
    return {
      sessions,
      tokens: openTokens(channel),
      close() {
        close();
        channel.close();
      },
    };
  } catch (error) {
    channel.close();
    throw error;
  }
}
