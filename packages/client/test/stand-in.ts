import { randomBytes } from 'node:crypto';
import {
  type BatchValidateSessionsRequest,
  type Session,
  SessionServiceService,
  type SessionValidation,
  type WatchSessionsRequest,
  type WatchSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type GetJsonWebKeySetResponse, TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { connectGatehouse, type GatehouseClient, type GatehouseOptions } from '../src/index.ts';

type Stream = ServerDuplexStream<WatchSessionsRequest, WatchSessionsResponse>;

/** A session service that answers as a test says, for what the real one can't be made to do. */
export interface StandIn {
  readonly address: string;
  readonly port: number;
  /** Every batch that has arrived. */
  readonly batches: BatchValidateSessionsRequest[];
  /** Paths of the other calls that have arrived. */
  readonly calls: string[];
  /** The watches that are open. */
  readonly watches: Set<Stream>;
  /** How often a watch was opened. */
  watchesOpened: number;
  /** Sessions by their tokens; whatever is not here is refused as SESSION_TOKEN_INVALID. */
  readonly sessions: Map<string, Session>;
  /** What is done before a batch is answered; by default nothing. An error that it throws is the answer. */
  beforeAnswer: (
    request: BatchValidateSessionsRequest,
    call: ServerUnaryCall<unknown, unknown>,
  ) => Promise<void> | void;
  /** What is answered to questions of a watch; undefined: nothing. */
  stalenessMs: number | undefined;
  /** What every other RPC is answered: an error, or an empty message. */
  answerOthers: () => Partial<ServiceError> | undefined;
  keySet: GetJsonWebKeySetResponse;
  /** Makes a good session. */
  add(session?: Partial<Session>): { readonly token: string; readonly session: Session };
  /** Tells every watch that sessions have changed. */
  change(...sessionIds: string[]): void;
  reset(): void;
  connect(options?: Partial<GatehouseOptions>): GatehouseClient;
  stop(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function startStandIn(credentials = ServerCredentials.createInsecure()): Promise<StandIn> {
  const server = new Server();
  const clients: GatehouseClient[] = [];
  const rpcs = { ...SessionServiceService, ...TokenServiceService };
  for (const service of [SessionServiceService, TokenServiceService]) server.addService(service, handlers(service));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const tell = (event: WatchSessionsResponse['event']) => {
    for (const watch of standIn.watches) watch.write({ event });
  };
  const standIn: StandIn = {
    address: `127.0.0.1:${port}`,
    port,
    batches: [],
    calls: [],
    watches: new Set(),
    watchesOpened: 0,
    sessions: new Map(),
    beforeAnswer: () => {},
    stalenessMs: 0,
    answerOthers: () => undefined,
    keySet: { keys: [], maxAgeSeconds: 0, json: '' },
    add(fields = {}) {
      const session = newSession(fields);
      const token = newToken();
      standIn.sessions.set(token, session);
      return { token, session };
    },
    change: (...sessionIds) => tell({ $case: 'changes', value: { sessionIds } }),
    reset: () => tell({ $case: 'reset', value: {} }),
    connect(options = {}) {
      const client = connectGatehouse({ session: { address: standIn.address }, tls: 'plaintext-loopback', ...options });
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      server.forceShutdown();
    },
  };
  return standIn;

  function handlers(service: typeof SessionServiceService | typeof TokenServiceService) {
    const others = Object.keys(service).map((name) => [name, other(name as keyof typeof rpcs)]);
    return { ...Object.fromEntries(others), batchValidateSessions, watchSessions, getJsonWebKeySet };
  }

  function other(name: keyof typeof rpcs) {
    return (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      standIn.calls.push(rpcs[name].path);
      const error = standIn.answerOthers();
      if (error) callback({ code: status.UNKNOWN, details: '', metadata: new Metadata(), ...error });
      else callback(null, rpcs[name].responseDeserialize(Buffer.alloc(0)));
    };
  }

  async function batchValidateSessions(
    call: ServerUnaryCall<BatchValidateSessionsRequest, unknown>,
    callback: sendUnaryData<unknown>,
  ): Promise<void> {
    standIn.batches.push(call.request);
    try {
      // Read before the wait, so that the answer is as old as a slow one is.
      const results = call.request.sessionTokens.map(resultOf);
      await standIn.beforeAnswer(call.request, call);
      callback(null, { results });
    } catch (error) {
      callback(Object.assign({ metadata: new Metadata() }, error as ServiceError));
    }
  }

  function resultOf(token: string): SessionValidation {
    const session = standIn.sessions.get(token);
    if (session) return { result: { $case: 'session', value: session } };
    const refusal = { reason: 'SESSION_TOKEN_INVALID', retryable: false, revokedReason: 0 } as const;
    return { result: { $case: 'refusal', value: refusal } };
  }

  function watchSessions(stream: Stream): void {
    standIn.watchesOpened += 1;
    standIn.watches.add(stream);
    stream.on('data', ({ question }: WatchSessionsRequest) => {
      if (standIn.stalenessMs === undefined) return;
      stream.write({ event: { $case: 'answer', value: { question, stalenessMs: standIn.stalenessMs } } });
    });
    stream.on('cancelled', () => standIn.watches.delete(stream));
    stream.on('end', () => stream.end());
    stream.on('error', () => standIn.watches.delete(stream));
  }

  function getJsonWebKeySet(_call: unknown, callback: sendUnaryData<unknown>): void {
    standIn.calls.push(TokenServiceService.getJsonWebKeySet.path);
    const error = standIn.answerOthers();
    if (error) callback({ code: status.UNKNOWN, details: '', metadata: new Metadata(), ...error });
    else callback(null, standIn.keySet);
  }
}

/** A text that can be a session token. */
export function newToken(): string {
  return `ghs_${randomBytes(42).toString('base64url')}`;
}

export function newSession(fields: Partial<Session> = {}): Session {
  return {
    sessionId: crypto.randomUUID(),
    userId: crypto.randomUUID(),
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + DAY_MS),
    authenticationMethods: ['pwd'],
    origin: undefined,
    authenticationLevel: 1,
    idleTimeoutSeconds: 0,
    lastActivityAt: undefined,
    lastIpAddress: '',
    revokedAt: undefined,
    revokedReason: 0,
    authzToken: '',
    ...fields,
  };
}
