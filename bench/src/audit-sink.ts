import { createRegistry, silentLogger } from '@gatehouse/process';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { certificateSource, mount, serve } from '@gatehouse/rpc';
import type { TlsFiles } from './load/target.ts';

export interface AuditSink extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
}

const DRAIN_MS = 500;

/** Takes audit events and forgets them: the services leave their trail as they always do, and audit is not measured. */
export async function startAuditSink(files: TlsFiles, trustDomain: string): Promise<AuditSink> {
  const certificates = certificateSource({ ...files, logger: silentLogger });
  const { recordEvents } = AuditServiceService;
  const server = await serve({
    listen: { host: '127.0.0.1', port: 0 },
    transport: { kind: 'mtls', certificates, trustDomain },
    services: [
      mount(
        { recordEvents },
        { recordEvents: ({ events }) => ({ recordedCount: events.length }) },
        { recordEvents: { peers: ['*'] } },
      ),
    ],
    reflection: false,
    logger: silentLogger,
    registry: createRegistry('audit'),
  });
  return {
    address: `127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: async () => {
      certificates.stop();
      await server.drain(DRAIN_MS);
    },
  };
}
