import { Failure } from '@gatehouse/failure';
import { uuidBytes, uuidText } from './uuid-bytes.ts';

/** What a consistency token stands for: the state after one write. */
export interface Mark {
  readonly modelRevision: bigint;
  /** Set when the write changed a user's grants. */
  readonly user?: { readonly id: string; readonly revision: bigint };
}

/** What a check demands of the data behind it. */
export interface Demand {
  /** Nothing but the database will do. */
  readonly full: boolean;
  readonly modelRevision: bigint;
  readonly userRevision: bigint;
}

/** Whatever is known within the staleness bound. */
export const BOUNDED: Demand = { full: false, modelRevision: 0n, userRevision: 0n };

/** What the database says now. */
export const FULL: Demand = { full: true, modelRevision: 0n, userRevision: 0n };

/** How fresh an answer must be, as whoever asks says it. */
export type Requirement = 'minimize_latency' | 'fully_consistent' | { readonly atLeastAsFresh: string };

/**
 * The demand, for each user, of a requirement. To be at least as fresh as the write that returned a token is to demand the
 * model of that write for every user, and its grants only for the user whose they are. Throws Failure `invalid`
 * CONSISTENCY_TOKEN_INVALID.
 */
export function demandsOf(requirement: Requirement): (userId: string) => Demand {
  if (requirement === 'minimize_latency') return bounded;
  if (requirement === 'fully_consistent') return fully;
  const { modelRevision, user } = parseToken(requirement.atLeastAsFresh);
  return (userId) => ({ full: false, modelRevision, userRevision: user?.id === userId ? user.revision : 0n });
}

/**
 * The user whose grants the token of a requirement is about, and how fresh they must be; where it is about none, `otherwise`
 * stands in. Throws as `demandsOf` does.
 */
export function subjectOf(
  requirement: Requirement,
  otherwise: string,
): { readonly userId: string; readonly demand: Demand } {
  const token = typeof requirement === 'object' ? parseToken(requirement.atLeastAsFresh) : undefined;
  const userId = token?.user?.id ?? otherwise;
  return { userId, demand: demandsOf(requirement)(userId) };
}

const bounded = () => BOUNDED;
const fully = () => FULL;

/**
 * A token is, in base64url without padding:
 *
 *     byte  1         version of the format
 *     byte  8, then   revision of the model, big-endian
 *     byte  0 or 24, then   id of a user, and the revision of the user's grants, big-endian
 *
 * It is not signed: whoever may check may also ask for the freshest answer there is, and a token can demand no more.
 */
const VERSION = 1;
const REVISION_BYTES = 8;
const USER_BYTES = 16 + REVISION_BYTES;
/** Revisions are a Postgres bigint. */
const REVISION_MAX = 2n ** 63n - 1n;

/** The token of a write. */
export function formatToken({ modelRevision, user }: Mark): string {
  return Buffer.concat([
    Buffer.of(VERSION),
    section(revisionBytes(modelRevision)),
    section(user ? Buffer.concat([uuidBytes(user.id), revisionBytes(user.revision)]) : Buffer.alloc(0)),
  ]).toString('base64url');
}

/** Reads a token; takes nothing that `formatToken` would not have written. Throws CONSISTENCY_TOKEN_INVALID. */
export function parseToken(token: string): Mark {
  const bytes = Buffer.from(token, 'base64url');
  const userAt = 2 + REVISION_BYTES;
  const userLength = bytes[userAt];
  const wellFormed =
    bytes[0] === VERSION &&
    bytes[1] === REVISION_BYTES &&
    (userLength === 0 || userLength === USER_BYTES) &&
    bytes.length === userAt + 1 + userLength &&
    bytes.toString('base64url') === token;
  if (!wellFormed) throw tokenInvalid('It is not a token that this service has given.');
  const modelRevision = readRevision(bytes, 2);
  if (userLength === 0) return { modelRevision };
  const idAt = userAt + 1;
  return { modelRevision, user: { id: uuidText(bytes, idAt), revision: readRevision(bytes, idAt + 16) } };
}

/** The token can't be met: it is malformed, or of a state that the database has not reached. */
export function tokenInvalid(why: string): Failure {
  return new Failure('invalid', 'CONSISTENCY_TOKEN_INVALID', `The consistency token is not valid. ${why}`, {
    fields: [{ field: 'consistency.at_least_as_fresh', description: 'is not a valid consistency token' }],
  });
}

function section(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function revisionBytes(revision: bigint): Buffer {
  const bytes = Buffer.alloc(REVISION_BYTES);
  bytes.writeBigUInt64BE(revision);
  return bytes;
}

function readRevision(bytes: Buffer, at: number): bigint {
  const revision = bytes.readBigUInt64BE(at);
  if (revision > REVISION_MAX) throw tokenInvalid('It names a revision that cannot be.');
  return revision;
}
