import { Failure } from '@gatehouse/failure';
import { tagOf, userTag } from './session-id.ts';
import { uuidBytes, uuidText } from './uuid-bytes.ts';

/** What a change was about: one session, up to a version of it, or sessions of a user, or sessions of anybody. */
export type Change =
  | { readonly of: 'session'; readonly sessionId: string; readonly version: bigint }
  | { readonly of: 'user'; readonly userId: string }
  | { readonly of: 'anybody' };

/** What a validation of one session has to see at least. */
export type Demand =
  /** Nothing that the freshness asked for does not give already. */
  | 'nothing'
  /** What Postgres says now. */
  | 'truth'
  /** This version of the session, or a newer one. */
  | bigint;

/**
 * A token is, in base64url without padding, a byte for the version of the format, a byte for the kind of change, and:
 *
 *     kind 1, a session       its id (16 bytes) and version (8, big-endian)
 *     kind 2, a user          the tag of the user (2 bytes, the upper 4 bits zero)
 *     kind 3, anybody         nothing
 *
 * It is not signed: it can demand nothing that a caller may not ask for anyway.
 */
const FORMAT = 1;
const SESSION = 1;
const USER = 2;
const ANYBODY = 3;
const LENGTH: Readonly<Record<number, number>> = { [SESSION]: 2 + 16 + 8, [USER]: 2 + 2, [ANYBODY]: 2 };
const VERSION_MAX = 2n ** 63n - 1n;
const TAG_MAX = 0xfff;

/** The token of a change. */
export function formatConsistencyToken(change: Change): string {
  const kind = { session: SESSION, user: USER, anybody: ANYBODY }[change.of];
  const bytes = Buffer.alloc(LENGTH[kind] ?? 0);
  bytes[0] = FORMAT;
  bytes[1] = kind;
  if (change.of === 'session') {
    uuidBytes(change.sessionId).copy(bytes, 2);
    bytes.writeBigUInt64BE(change.version, 18);
  } else if (change.of === 'user') {
    bytes.writeUInt16BE(Number.parseInt(userTag(change.userId), 16), 2);
  }
  return bytes.toString('base64url');
}

/** Reads tokens for the validations of one request: what each session has to show. */
export type DemandOf = (sessionId: string) => Demand;

const NO_DEMAND: DemandOf = () => 'nothing';

/** Reads a token; an empty one demands nothing. Throws Failure `invalid` CONSISTENCY_TOKEN_INVALID. */
export function parseConsistencyToken(token: string): DemandOf {
  if (token === '') return NO_DEMAND;
  const bytes = Buffer.from(token, 'base64url');
  const kind = bytes[1] ?? 0;
  if (bytes[0] !== FORMAT || bytes.length !== LENGTH[kind] || bytes.toString('base64url') !== token) throw invalid();
  if (kind === ANYBODY) return () => 'truth';
  if (kind === USER) {
    const tag = bytes.readUInt16BE(2);
    if (tag > TAG_MAX) throw invalid();
    const digits = tag.toString(16).padStart(3, '0');
    return (sessionId) => (tagOf(sessionId) === digits ? 'truth' : 'nothing');
  }
  const id = uuidText(bytes, 2);
  const version = bytes.readBigUInt64BE(18);
  if (version > VERSION_MAX) throw invalid();
  return (sessionId) => (sessionId === id ? version : 'nothing');
}

function invalid(): Failure {
  return new Failure(
    'invalid',
    'CONSISTENCY_TOKEN_INVALID',
    'The consistency token is not one that this service has given.',
    {
      fields: [{ field: 'consistency_token', description: 'is not a valid consistency token' }],
    },
  );
}
