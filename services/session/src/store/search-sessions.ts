import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import type { Session } from '../domain/session.ts';
import { idRange, type SessionSearch } from '../domain/session-search.ts';
import { type SessionPage, toPage } from './list-sessions.ts';
import { SESSION_COLUMNS, type SessionRow, toSession } from './sessions.ts';

export interface SearchOptions {
  readonly search: SessionSearch;
  /** Newer sessions than this one; undefined: from the oldest on. */
  readonly after: string | undefined;
  readonly at: Date;
  readonly limit: number;
}

/** Most rows that are looked at for one page. */
export const LOOKED_AT_MAX = 5_000;

const MATCHES = `revoked_at is null and expires_at > $4::timestamptz
     and ($5::inet[] is null or ip_address <<= any($5::inet[]) or last_ip_address <<= any($5::inet[]))
     and ($6::char(2) is null or country_code = $6::char(2))
     and ($7::text is null or device_fingerprint = $7::text)
     and ($8::text is null or strpos(lower(user_agent), lower($8::text)) > 0)
     and ($9::timestamptz is null or created_at >= $9::timestamptz)
     and ($10::timestamptz is null or created_at < $10::timestamptz)
     and ($11::timestamptz is null or last_activity_at < $11::timestamptz)`;

/** Where the rows that are looked at for one page end. */
const findEnd = (name: string, of: string) =>
  statement<{ id: string }>(
    name,
    `select id from session.sessions where ${of} id > $1::uuid and id <= $2::uuid
   order by id offset $3::int limit 1`,
  );
const find = (name: string, of: string, hold = '') =>
  statement<SessionRow>(
    name,
    `select ${SESSION_COLUMNS} from session.sessions
   where ${of} id > $1::uuid and id <= $2::uuid and ${MATCHES}
   order by id limit $3::int${hold}`,
  );
const OF_ANYBODY = {
  end: findEnd('session.find-search-page-end', ''),
  search: find('session.search-sessions', ''),
  hold: find('session.hold-found-sessions', '', ' for update'),
};
const OF_USER = {
  end: findEnd('session.find-user-search-page-end', 'user_id = $4::uuid and'),
  search: find('session.search-user-sessions', 'user_id = $12::uuid and'),
  hold: find('session.hold-found-user-sessions', 'user_id = $12::uuid and', ' for update'),
};

/** Finds sessions that are neither revoked nor expired, oldest first. A page can be empty and not the last. */
export async function searchSessions(db: Queryable, options: SearchOptions): Promise<SessionPage> {
  const { search, limit } = options;
  const range = await rangeOfPage(db, options);
  const { search: statement } = statementsFor(search);
  const rows = await db.query(statement, valuesOf(options, range.from, range.upTo, limit + 1));
  return toPage(rows, limit, range.goesOn ? range.upTo : undefined);
}

/** As `searchSessions`, and holds what it finds until the transaction is over. */
export async function holdFoundSessions(tx: Transaction, options: SearchOptions): Promise<SessionPage> {
  const { search, limit } = options;
  const range = await rangeOfPage(tx, options);
  const { hold } = statementsFor(search);
  const sessions: Session[] = (await tx.query(hold, valuesOf(options, range.from, range.upTo, limit))).map(toSession);
  if (sessions.length === limit) return { sessions, next: sessions.at(-1)?.id };
  return { sessions, next: range.goesOn ? range.upTo : undefined };
}

async function rangeOfPage(db: Queryable, { search, after }: SearchOptions) {
  const range = idRange(search);
  const from = after !== undefined && after > range.from ? after : range.from;
  const values = [from, range.upTo, LOOKED_AT_MAX - 1];
  const [end] = await db.query(statementsFor(search).end, search.userId ? [...values, search.userId] : values);
  return { from, upTo: end?.id ?? range.upTo, goesOn: end !== undefined };
}

function statementsFor({ userId }: SessionSearch) {
  return userId ? OF_USER : OF_ANYBODY;
}

function valuesOf({ search, at }: SearchOptions, from: string, upTo: string, limit: number): unknown[] {
  return [
    from,
    upTo,
    limit,
    at,
    search.ipNetwork === undefined ? null : formsOf(search.ipNetwork),
    search.countryCode ?? null,
    search.deviceFingerprint ?? null,
    search.userAgentContains ?? null,
    search.createdFrom ?? null,
    search.createdBefore ?? null,
    search.inactiveSince ?? null,
    ...(search.userId ? [search.userId] : []),
  ];
}

/** A network of IPv4 also as IPv6 maps it: instances of before this form keep addresses as they are told. */
function formsOf(network: string): string[] {
  if (network.includes(':')) return [network];
  const [address, bits = '32'] = network.split('/');
  return [network, `::ffff:${address}/${Number(bits) + 96}`];
}
