import { readFileSync } from 'node:fs';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import type { CertificateFiles } from './certificates/authority.ts';

export interface TlsConnectionOptions {
  readonly port: number;
  /** Whose certificate is shown. */
  readonly peer: CertificateFiles;
  readonly version: Extract<SecureVersion, 'TLSv1.2' | 'TLSv1.3'>;
  /** By ALPN. */
  readonly protocol: 'h2' | 'http/1.1';
  /** A session to be resumed. */
  readonly session?: Buffer;
}

/** A connection by TLS to a server on this machine. */
export interface TlsConnection {
  readonly socket: TLSSocket;
  /** The session that the server lets it resume, once it has told. */
  readonly session: Promise<Buffer>;
  /** The newest of those so far; undefined when there is none. A connection that is resumed itself need not get any. */
  newestSession(): Buffer | undefined;
}

/** Opens a connection whose session can be resumed, as a client does that keeps sessions. */
export function openTls({ port, peer, version, protocol, session }: TlsConnectionOptions): Promise<TlsConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(peer.ca),
      cert: readFileSync(peer.cert),
      key: readFileSync(peer.key),
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: [protocol],
      ...(session ? { session } : {}),
    });
    const told = new Promise<Buffer>((tell) => socket.once('session', tell));
    let newest: Buffer | undefined;
    socket.on('session', (each) => {
      newest = each;
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject).on('error', () => {});
      resolve({ socket, session: told, newestSession: () => newest });
    });
  });
}
