import { uuidv7 } from '@gatehouse/process';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { connect } from '@gatehouse/rpc';
import { inParallel } from './in-parallel.ts';

/** A session, and the token that proves it. */
export interface KnownSession {
  readonly token: string;
  readonly sessionId: string;
  readonly userId: string;
}

const PARALLEL = 16;
/** With a few hundred audit events behind each other in one database, a commit can take its time. */
const DEADLINE_MS = 30_000;

/** Creates sessions, each of a user of its own, by the RPC. */
export async function createSessions(port: number, count: number, signal: AbortSignal): Promise<KnownSession[]> {
  const client = connect({
    definition: SessionServiceService,
    address: `127.0.0.1:${port}`,
    transport: { kind: 'insecure-loopback' },
    defaultDeadlineMs: DEADLINE_MS,
  });
  try {
    return await inParallel(Array.from({ length: count }, uuidv7), PARALLEL, async (userId) => {
      const { sessionToken, session } = await client.createSession(
        {
          userId,
          authenticationMethods: ['pwd', 'otp'],
          authenticationLevel: 2,
          origin: ORIGIN,
          lifetimeSeconds: 0,
          idleTimeoutSeconds: 0,
          withRefreshToken: false,
        },
        { signal },
      );
      return { token: sessionToken, sessionId: session?.sessionId ?? '', userId };
    });
  } finally {
    client.close();
  }
}

const ORIGIN = {
  ipAddress: '203.0.113.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  deviceFingerprint: '',
  countryCode: 'DE',
  city: 'Hamburg',
};
