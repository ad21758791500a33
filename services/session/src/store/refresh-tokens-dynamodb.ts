import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Failure, isFailure } from '@gatehouse/failure';
import type { Database } from '@gatehouse/postgres';
import type { Logger } from '@gatehouse/process';
import type { RefreshFamily } from '../domain/refresh-family.ts';
import type { FamilyOwner, RefreshTokens, Waiting } from './refresh-tokens.ts';

export interface DynamoDbOptions {
  /** Runs what has to happen alongside a rotation. */
  readonly db: Database;
  readonly logger: Logger;
  /** A table whose keys are `pk` and `sk`, both strings, with `ttl` as its time-to-live attribute. */
  readonly table: string;
  /** Another endpoint than the region's own. Region and credentials are those of the AWS environment. */
  readonly endpoint?: string | undefined;
}

/** Families in DynamoDB; `stop` waits for removals and closes the connections. */
export type DynamoDbRefreshTokens = RefreshTokens & { stop(): Promise<void> };

type Sdk = typeof import('@aws-sdk/client-dynamodb');
type Item = Record<string, AttributeValue>;

const CONNECT_TIMEOUT_MS = 1_000;
/** One attempt. */
const REQUEST_TIMEOUT_MS = 1_500;
/** Attempts at one operation, the first included; the SDK waits between them, for longer each time. */
const ATTEMPTS_MAX = 3;
/** All attempts together. */
const OPERATION_TIMEOUT_MS = 4_000;
/** An item stays for this long after the end of its family, so that its last token is known to have expired. */
const TTL_MARGIN_SECONDS = 24 * 60 * 60;
const SORT_KEY = 'v1';

/**
 * Keeps families in a table of DynamoDB: an item for each, under `RTID#<session id>` and `v1`. Reads are strongly
 * consistent and writes conditional. A swap that is attempted again after a lost answer is told to have lost, and whoever
 * then reads the family finds the very successor that it has derived itself.
 */
export function dynamoDbRefreshTokens({ db, logger, table, endpoint }: DynamoDbOptions): DynamoDbRefreshTokens {
  // Imported only where it is used: it is large. A rejection is told by the operation that waits for it.
  const opened = import('@aws-sdk/client-dynamodb').then((sdk) => ({ sdk, client: connect(sdk, endpoint) }));
  opened.catch(() => {});
  const removals = new Set<Promise<void>>();

  const run = async <T>({ signal }: Waiting, work: (tools: Tools) => Promise<T>): Promise<T> => {
    try {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(OPERATION_TIMEOUT_MS)]);
      return await work({ ...(await opened), how: { abortSignal } });
    } catch (error) {
      if (isLostCondition(error)) throw error;
      if (signal.aborted && isFailure(signal.reason)) throw signal.reason;
      throw new Failure('unavailable', 'DYNAMODB_UNAVAILABLE', 'DynamoDB does not answer.', { cause: error });
    }
  };
  const removeNow = async (owner: FamilyOwner) => {
    try {
      await run({ signal: AbortSignal.timeout(OPERATION_TIMEOUT_MS) }, ({ sdk, client, how }) =>
        client.send(new sdk.DeleteItemCommand({ TableName: table, Key: keyOf(owner) }), how),
      );
    } catch (error) {
      logger.warn({ err: error }, 'a family of refresh tokens stays in DynamoDB until its time to live is over');
    }
  };

  return {
    async prepare(owner, family, call) {
      await run(call, ({ sdk, client, how }) =>
        client.send(
          new sdk.PutItemCommand({
            TableName: table,
            Item: toItem(owner, family),
            // The second half is for an attempt that is made again after its answer was lost.
            ConditionExpression: 'attribute_not_exists(pk) or refreshToken = :hash',
            ExpressionAttributeValues: { ':hash': hashAttribute(family) },
          }),
          how,
        ),
      );
      return async () => {};
    },
    async find(owner, call) {
      const { Item: item } = await run(call, ({ sdk, client, how }) =>
        client.send(new sdk.GetItemCommand({ TableName: table, Key: keyOf(owner), ConsistentRead: true }), how),
      );
      return item && toFamily(item);
    },
    async swap(owner, { from, to, alongside }, call) {
      try {
        await run(call, ({ sdk, client, how }) =>
          client.send(
            new sdk.UpdateItemCommand({
              TableName: table,
              Key: keyOf(owner),
              UpdateExpression:
                'set generation = :generation, refreshToken = :hash, issuedAtUtc = :issued, rotatedAtUtc = :rotated',
              ConditionExpression: 'generation = :oldGeneration and refreshToken = :oldHash',
              ExpressionAttributeValues: {
                ':generation': { N: String(to.generation) },
                ':hash': hashAttribute(to),
                ':issued': timeAttribute(to.issuedAt),
                ':rotated': timeAttribute(to.rotatedAt),
                ':oldGeneration': { N: String(from.generation) },
                ':oldHash': hashAttribute(from),
              },
            }),
            how,
          ),
        );
      } catch (error) {
        if (isLostCondition(error)) return false;
        throw error;
      }
      await db.within(call).transaction(alongside);
      return true;
    },
    async remove(tx, owner) {
      // Not before: if the commit failed, the session would be good and the reuse of its tokens unseen.
      tx.afterCommit(() => {
        const removing = removeNow(owner).finally(() => removals.delete(removing));
        removals.add(removing);
      });
    },
    async stop() {
      await Promise.all(removals);
      await opened.then(({ client }) => client.destroy()).catch(() => {});
    },
  };
}

interface Tools {
  readonly sdk: Sdk;
  readonly client: DynamoDBClient;
  readonly how: { readonly abortSignal: AbortSignal };
}

function connect(sdk: Sdk, endpoint: string | undefined): DynamoDBClient {
  return new sdk.DynamoDBClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}

function isLostCondition(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

function keyOf({ sessionId }: FamilyOwner): Item {
  return { pk: { S: `RTID#${sessionId}` }, sk: { S: SORT_KEY } };
}

function toItem(owner: FamilyOwner, family: RefreshFamily): Item {
  return {
    ...keyOf(owner),
    userSub: { S: owner.userId },
    refreshToken: hashAttribute(family),
    generation: { N: String(family.generation) },
    issuedAtUtc: timeAttribute(family.issuedAt),
    rotatedAtUtc: timeAttribute(family.rotatedAt),
    expiresAtUtc: timeAttribute(family.expiresAt),
    ttl: { N: String(Math.ceil(family.expiresAt.getTime() / 1000) + TTL_MARGIN_SECONDS) },
  };
}

/** Throws when an attribute is missing: a family that is guessed at could end a session that is good. */
function toFamily(item: Item): RefreshFamily {
  const text = (name: string, kind: 'S' | 'N' = 'S'): string => {
    const value = item[name]?.[kind];
    if (value === undefined) throw new Error(`An item of refresh tokens has no ${name}.`);
    return value;
  };
  return {
    generation: Number(text('generation', 'N')),
    tokenHash: Buffer.from(text('refreshToken'), 'base64url'),
    issuedAt: new Date(text('issuedAtUtc')),
    rotatedAt: item.rotatedAtUtc?.NULL ? undefined : new Date(text('rotatedAtUtc')),
    expiresAt: new Date(text('expiresAtUtc')),
  };
}

function hashAttribute({ tokenHash }: RefreshFamily): AttributeValue {
  return { S: tokenHash.toString('base64url') };
}

function timeAttribute(time: Date | undefined): AttributeValue {
  return time ? { S: time.toISOString() } : { NULL: true };
}
