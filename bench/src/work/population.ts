import { randomBytes } from 'node:crypto';
import { type Database, statement } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import { Freshness, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, connect } from '@gatehouse/rpc';
import { sessionIdFor } from '@gatehouse/session-service/session-id';
import { formatToken, hashToken, SECRET_BYTES } from '@gatehouse/session-service/session-token';
import { inParallel } from './in-parallel.ts';
import type { KnownSession } from './sessions.ts';

const ROWS_IN_STATEMENT = 5_000;
/** As many as one request may hold. */
const TOKENS_IN_REQUEST = 500;
const REQUESTS_AT_ONCE = 4;
const DEADLINE_MS = 60_000;

/** Last used a while ago, so that the first validation notes that its user is online. */
const INSERT = statement(
  'bench.insert-sessions',
  `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, authentication_level,
     idle_timeout_seconds, ip_address, created_at, expires_at, last_activity_at)
   select id, user_id, hash, '{pwd,otp}', 2, 604800, '203.0.113.7', now() - interval '1 hour', now() + interval '30 days',
     now() - interval '10 minutes'
   from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as s (id, user_id, hash)`,
);

/**
 * Makes sessions, each of a user of its own: rows in Postgres, because a million calls would take too long. Answers every
 * `every`th of them; all are handed to `each` in portions.
 */
export async function insertSessions(
  db: Database,
  count: number,
  each: (portion: readonly KnownSession[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let start = 0; start < count; start += ROWS_IN_STATEMENT) {
    signal.throwIfAborted();
    const portion = Array.from({ length: Math.min(ROWS_IN_STATEMENT, count - start) }, newSession);
    await db.query(INSERT, [
      portion.map(({ sessionId }) => sessionId),
      portion.map(({ userId }) => userId),
      portion.map(({ token }) => hashToken(token)),
    ]);
    await each(portion);
  }
}

function newSession(): KnownSession {
  const userId = uuidv7();
  const sessionId = sessionIdFor(userId, uuidv7());
  return { token: formatToken(sessionId, randomBytes(SECRET_BYTES)), sessionId, userId };
}

/** Has the service validate each session once, by which it puts them into Redis. Rejects when one is refused. */
export async function warm(port: number, sessions: readonly KnownSession[], signal: AbortSignal): Promise<void> {
  const client = connect({
    definition: SessionServiceService,
    address: `127.0.0.1:${port}`,
    transport: { kind: 'insecure-loopback' },
    defaultDeadlineMs: DEADLINE_MS,
  });
  try {
    const requests = Array.from({ length: Math.ceil(sessions.length / TOKENS_IN_REQUEST) }, (_, index) =>
      sessions.slice(index * TOKENS_IN_REQUEST, (index + 1) * TOKENS_IN_REQUEST),
    );
    await inParallel(requests, REQUESTS_AT_ONCE, (asked) => validateAll(client, asked, signal));
  } finally {
    client.close();
  }
}

async function validateAll(
  client: Client<typeof SessionServiceService>,
  asked: readonly KnownSession[],
  signal: AbortSignal,
): Promise<void> {
  const request = { sessionTokens: asked.map(({ token }) => token), freshness: Freshness.FRESHNESS_BOUNDED };
  const { results } = await client.batchValidateSessions({ ...request, consistencyToken: '' }, { signal });
  for (const [index, { sessionId }] of asked.entries()) {
    const result = results[index]?.result;
    if (result?.$case === 'session' && result.value.sessionId === sessionId) continue;
    throw new Error(`The session ${sessionId} was answered with ${JSON.stringify(result)}.`);
  }
}
