import { createServer, request, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';

/** A DynamoDB of the test's own, in memory, with one table of refresh tokens. */
export interface DynamoDb {
  readonly endpoint: string;
  readonly table: string;
  /** What makes a session service use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything in the table. */
  items(): Promise<Record<string, AttributeValue>[]>;
  put(item: Record<string, AttributeValue>): Promise<void>;
  stop(): Promise<void>;
}

const TABLE = 'gatehouse_test_RefreshTokens';

/** Starts dynalite, and sets what the AWS SDK expects of its environment. */
export async function startDynamoDb(): Promise<DynamoDb> {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  // It comes without types.
  const dynalite = createRequire(import.meta.url)('dynalite') as (options: { createTableMs: number }) => Server;
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({ endpoint });
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    }),
  );
  return {
    endpoint,
    table: TABLE,
    env: {
      GATEHOUSE_SESSION_REFRESH_STORE: 'dynamodb',
      GATEHOUSE_SESSION_DYNAMODB_TABLE: TABLE,
      GATEHOUSE_SESSION_DYNAMODB_ENDPOINT: endpoint,
    },
    items: async () => (await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }))).Items ?? [],
    put: async (item) => {
      await client.send(new PutItemCommand({ TableName: TABLE, Item: item }));
    },
    async stop() {
      client.destroy();
      vi.unstubAllEnvs();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * A way to the same DynamoDB on which the first answer to each kind of operation named (`UpdateItem`) gets lost after the
 * work is done.
 */
export async function startLossyWay(
  { endpoint }: DynamoDb,
  operations: readonly string[],
): Promise<{ readonly endpoint: string; readonly lost: readonly string[]; stop(): Promise<void> }> {
  const target = new URL(endpoint);
  const lost: string[] = [];
  const server = createServer((asked, answer) => {
    const { method, headers } = asked;
    const operation = String(headers['x-amz-target']).split('.').at(-1) ?? '';
    const forwarded = request({ host: target.hostname, port: target.port, path: asked.url, method, headers }, (got) => {
      if (operations.includes(operation) && !lost.includes(operation)) {
        lost.push(operation);
        got.resume().on('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    asked.pipe(forwarded.on('error', () => asked.socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
