import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { type Backend, requestCancel } from './cancel.ts';
import { columnTypes } from './column-types.ts';
import { type Connection, connectionOver } from './connection.ts';
import { unavailable } from './errors.ts';
import { startLimit } from './limit.ts';
import { SpeakingClient, watchSpeech } from './speaking-client.ts';
import { tlsOptions } from './tls.ts';
import type { Target } from './url.ts';

/** How a connection behaves. */
export interface ConnectionSettings {
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** Postgres cancels a statement that takes longer. */
  readonly statementTimeoutMs: number;
}

/** What Postgres has, past the limit of a statement, to say that it cancelled it. Past that it counts as dead. */
const ANSWER_GRACE_MS = 1_000;
/** A transaction that nobody continues must not hold its locks for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

/** Opens a session. Rejects with Failure `unavailable` when the server refuses or does not answer in time. */
export async function connect(target: Target, settings: ConnectionSettings, signal?: AbortSignal): Promise<Connection> {
  try {
    const tls = await tlsOptions(target.tls);
    const client = new SpeakingClient(clientConfig(target, settings, tls));
    const backendKey = keyOf(client);
    const cancelRunning = (giveUp: AbortSignal) =>
      requestCancel({ ...addressOf(client, target), serverName: target.host, tls, ...backendKey() }, giveUp);
    const connection = connectionOver(client, settings.statementTimeoutMs + ANSWER_GRACE_MS, cancelRunning);
    let otherSpeech: Error | undefined;
    watchSpeech(client, (error) => {
      otherSpeech = error;
      connection.destroy();
    });
    await opened(client, connection, settings.connectTimeoutMs, signal).catch((error: unknown) => {
      throw otherSpeech ?? error;
    });
    return connection;
  } catch (error) {
    throw unavailable('Postgres does not take connections.', error);
  }
}

function clientConfig(target: Target, settings: ConnectionSettings, tls: ConnectionOptions | false): pg.ClientConfig {
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    options: target.options,
    ssl: tls,
    application_name: settings.applicationName,
    statement_timeout: settings.statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    types: columnTypes,
  };
}

/** The server says it while the session opens, and pg keeps it to itself. */
function keyOf(client: pg.Client): () => Pick<Backend, 'processId' | 'secretKey'> {
  let key = { processId: 0, secretKey: 0 };
  client.connection.on('backendKeyData', (message) => {
    key = { processId: message.processID, secretKey: message.secretKey };
  });
  return () => key;
}

function addressOf(client: pg.Client, target: Target): Pick<Backend, 'address'> {
  if (target.host.startsWith('/')) return { address: { path: `${target.host}/.s.PGSQL.${target.port}` } };
  const { stream } = client.connection;
  const host = stream instanceof Socket ? stream.remoteAddress : undefined;
  return { address: { host: host ?? target.host, port: target.port } };
}

async function opened(
  client: pg.Client,
  connection: Connection,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  signal?.addEventListener('abort', connection.destroy, { once: true });
  const callOff = startLimit(timeoutMs, connection.destroy);
  try {
    await client.connect();
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    callOff();
    signal?.removeEventListener('abort', connection.destroy);
  }
}
