import { randomBytes } from 'node:crypto';
import type { Database, Transaction } from '@gatehouse/postgres';
import type { Logger } from '@gatehouse/process';
import type { KeyRing } from '../domain/key-ring.ts';
import { beginFamily } from '../domain/refresh-family.ts';
import { REFRESH_SECRET_BYTES } from '../domain/refresh-token.ts';
import type { Session } from '../domain/session.ts';
import { type FamilyOwner, postgresRefreshTokens, type RefreshTokens, type Waiting } from './refresh-tokens.ts';
import { dynamoDbRefreshTokens } from './refresh-tokens-dynamodb.ts';

/** What it takes to issue refresh tokens and to judge them. */
export interface Refresh {
  readonly tokens: RefreshTokens;
  /** Makes and recognises them. */
  readonly ring: KeyRing;
  /** How long after its use a token may be presented again. */
  readonly graceMs: number;
  /** How long a family lives at most. */
  readonly lifetimeMs: number;
  stop(): Promise<void>;
}

export interface RefreshOptions extends Pick<Refresh, 'ring' | 'graceMs' | 'lifetimeMs'> {
  readonly db: Database;
  readonly logger: Logger;
  readonly store: 'postgres' | 'dynamodb';
  /** Of DynamoDB, which needs it. */
  readonly table?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** Opens the store that the configuration names. */
export function openRefresh({ db, logger, store, table, endpoint, ...terms }: RefreshOptions): Refresh {
  if (store === 'postgres') return { ...terms, tokens: postgresRefreshTokens(db), stop: async () => {} };
  if (table === undefined) throw new Error('The store dynamodb needs the name of a table.');
  const tokens = dynamoDbRefreshTokens({ db, logger, table, endpoint });
  return { ...terms, tokens, stop: () => tokens.stop() };
}

/** The first refresh token of a session that is being created. */
export interface FirstRefreshToken {
  /** Empty when the session has none. */
  readonly token: string;
  /** Call it in the transaction that inserts the session, after the session. */
  insert(tx: Transaction): Promise<void>;
  /** When the token ends. */
  endWith(session: Session): Date | undefined;
}

/** Of a session without refresh tokens. */
export const NO_REFRESH_TOKEN: FirstRefreshToken = { token: '', insert: async () => {}, endWith: () => undefined };

/** Begins the family of a new session. Call it before the transaction: the store may be another one than the session's. */
export async function firstRefreshToken(
  { tokens, ring, lifetimeMs }: Refresh,
  owner: FamilyOwner,
  now: Date,
  call: Waiting,
): Promise<FirstRefreshToken> {
  const secret = randomBytes(REFRESH_SECRET_BYTES);
  const { token, family } = beginFamily(ring, { sessionId: owner.sessionId, secret, now, lifetimeMs });
  const insert = await tokens.prepare(owner, family, call);
  return { token, insert, endWith: ({ expiresAt }) => earlier(expiresAt, family.expiresAt) };
}

/** Begins the family of a session that takes the place of another, if that one has a family; which then goes. */
export async function replacingRefreshToken(
  refresh: Refresh,
  { from, to }: { readonly from: FamilyOwner; readonly to: FamilyOwner },
  now: Date,
  call: Waiting,
): Promise<FirstRefreshToken> {
  if (!(await refresh.tokens.find(from, call))) return NO_REFRESH_TOKEN;
  const first = await firstRefreshToken(refresh, to, now, call);
  const insert = async (tx: Transaction) => {
    await refresh.tokens.remove(tx, from);
    await first.insert(tx);
  };
  return { ...first, insert };
}

/** When a refresh token ends: with its family, or with its session, which may have been extended since. */
export function earlier(sessionEnd: Date, familyEnd: Date): Date {
  return sessionEnd < familyEnd ? sessionEnd : familyEnd;
}
