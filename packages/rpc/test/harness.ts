import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createRegistry, type Logger, type Registry, silentLogger } from '@gatehouse/process';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import {
  type Access,
  type Acting,
  type CertificateSource,
  type Client,
  certificateSource,
  connect,
  type DoorLimits,
  type Handlers,
  mount,
  type RpcDefinitions,
  type RunningServer,
  serve,
} from '@gatehouse/rpc';
import { type Authority, createAuthority } from '@gatehouse/testing';

export type SessionHandlers = Handlers<typeof SessionServiceService>;
export type SessionAccess = Access<typeof SessionServiceService>;

export const TRUST_DOMAIN = 'test.local';

/** Everybody may call everything. */
export const open = forEach({ peers: ['*'] }) as SessionAccess;

/** A server of the session contract whose handlers a test gives. */
export interface Rig {
  readonly authority: Authority;
  readonly server: RunningServer;
  readonly registry: Registry;
  readonly address: string;
  /** Those of the server. */
  readonly certificates: CertificateSource;
  connectAs<D extends RpcDefinitions>(
    peer: string,
    definition: D,
    options?: { serverName?: string; address?: string; authority?: Authority },
  ): Client<D>;
  stop(): Promise<void>;
}

export async function rig(
  handlers: Partial<SessionHandlers>,
  options: {
    access?: Partial<SessionAccess>;
    acting?: Acting;
    defaultDeadlineMs?: number;
    reflection?: boolean;
    trustDomain?: string;
    clock?: Clock;
    limits?: Partial<DoorLimits>;
    logger?: Logger;
  } = {},
): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-rpc-'));
  const authority = await createAuthority({ directory, trustDomain: TRUST_DOMAIN });
  const closers: (() => void)[] = [];
  const sourceFor = (name: string, by = authority) => {
    const source = certificateSource({ ...by.issueSync(name), logger: silentLogger });
    closers.push(() => source.stop());
    return source;
  };
  const certificates = sourceFor('session');
  const registry = createRegistry('session');
  const unexpected = () => {
    throw new Error('The test did not expect this call.');
  };
  const server = await serve({
    listen: { host: '127.0.0.1', port: 0 },
    transport: { kind: 'mtls', certificates, trustDomain: options.trustDomain ?? TRUST_DOMAIN },
    services: [
      mount(
        SessionServiceService,
        { ...(forEach(unexpected) as SessionHandlers), ...handlers },
        { ...open, ...options.access },
      ),
    ],
    reflection: options.reflection ?? false,
    logger: options.logger ?? silentLogger,
    registry,
    ...(options.acting ? { acting: options.acting } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.defaultDeadlineMs ? { defaultDeadlineMs: options.defaultDeadlineMs } : {}),
  });
  const address = `127.0.0.1:${server.port}`;
  return {
    authority,
    server,
    registry,
    address,
    certificates,
    connectAs(peer, definition, { serverName = 'session', address: at = address, authority: by = authority } = {}) {
      const client = connect({
        definition,
        address: at,
        transport: { kind: 'mtls', certificates: sourceFor(peer, by), trustDomain: TRUST_DOMAIN, serverName },
        defaultDeadlineMs: 3_000,
      });
      closers.push(() => client.close());
      return client;
    },
    async stop() {
      for (const close of closers) close();
      await server.drain(1_000);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The same for every RPC of the session contract. */
function forEach(value: unknown): object {
  return Object.fromEntries(Object.keys(SessionServiceService).map((rpc) => [rpc, value]));
}
