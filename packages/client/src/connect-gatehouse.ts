import { type Channel, type ChannelOptions, openChannel, type TlsOptions } from './channel/open-channel.ts';
import type { ServerAddress } from './channel/target.ts';
import { GatehouseError } from './gatehouse-error.ts';
import { openPermissions } from './permissions/open-permissions.ts';
import type { PermissionCacheOptions } from './permissions/permission-cache-options.ts';
import type { Permissions } from './permissions/permissions.ts';
import { openSessions, type Sessions } from './sessions/open-sessions.ts';
import type { CacheOptions } from './sessions/open-validator.ts';
import { openTokens, type Tokens } from './tokens/open-tokens.ts';

export interface GatehouseOptions {
  /** Where the session service answers. */
  readonly session: ServerAddress;
  /** Where the authz service answers; only needed for `permissions`. */
  readonly authz?: ServerAddress;
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
  /** How sessions are remembered. */
  readonly cache?: CacheOptions;
  /** How grants are remembered. */
  readonly permissionCache?: PermissionCacheOptions;
  /**
   * Most tokens that may wait for the service at a time, and as many users and as many checks; 10,000 when absent. With
   * more, validations and checks fail at once.
   */
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
  readonly permissions: Permissions;
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
  const { cache = {}, permissionCache = {}, pendingMax = PENDING_MAX, onWarning = () => {} } = options;
  const closes: (() => void)[] = [];
  const close = () => {
    for (const each of closes.splice(0).reverse()) each();
  };
  const open = (service: ChannelOptions['service'], server: ServerAddress): Channel => {
    const { deadlineMs = DEADLINE_MS, retries = RETRIES } = options.defaults ?? {};
    const channel = openChannel({ service, server, tls: options.tls, deadlineMs, retries, onWarning });
    closes.push(() => channel.close());
    return channel;
  };
  try {
    const channel = open('session', options.session);
    const sessions = openSessions({ channel, cache, pendingMax, onWarning });
    closes.push(() => sessions.close());
    const authz = options.authz && open('authz', options.authz);
    const permissions = authz && openPermissions({ channel: authz, cache: permissionCache, pendingMax, onWarning });
    if (permissions) closes.push(() => permissions.close());
    return {
      sessions: sessions.sessions,
      tokens: openTokens(channel),
      permissions: permissions?.permissions ?? NO_PERMISSIONS,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const NO_PERMISSIONS: Permissions = {
  peek: () => undefined,
  check: () => {
    const why = 'connectGatehouse was not told where the authz service is.';
    return Promise.reject(new GatehouseError('FAILED_PRECONDITION', 'AUTHZ_ADDRESS_MISSING', why));
  },
  statistics: () => ({ remembered: 0, pending: 0, hits: 0, batches: 0, isCurrent: false }),
};
