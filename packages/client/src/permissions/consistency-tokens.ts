import { boundedMap } from '../memory/bounded-map.ts';

/** What a consistency token demands. */
interface Demand {
  readonly modelRevision: bigint;
  /** Of whose grants a revision is demanded; empty: of nobody's. */
  readonly userId: string;
  readonly userRevision: bigint;
}

/** Tells whether what is in memory is at least as new as tokens demand. */
export interface ConsistencyTokens {
  /** False as well for a token that this version can't read: the service can. */
  areMet(token: string, userId: string, userRevision: bigint, modelRevision: bigint): boolean;
}

/** Most tokens that are kept read. */
const TOKENS_MAX = 10_000;
/** The format of the service: version, length and revision of the model, length, and id and revision of a user or nothing. */
const VERSION = 1;
const REVISION_BYTES = 8;
const USER_AT = 2 + REVISION_BYTES;
const USER_BYTES = 16 + REVISION_BYTES;
const UNREADABLE: Demand = { modelRevision: 2n ** 64n, userId: '', userRevision: 0n };

/** Tokens are sent along with many checks, so each is read once. */
export function createConsistencyTokens(): ConsistencyTokens {
  const known = boundedMap<Demand>(TOKENS_MAX);
  return {
    areMet(token, userId, userRevision, modelRevision) {
      let demand = known.get(token);
      if (demand === undefined) {
        demand = read(token);
        known.set(token, demand);
      }
      return modelRevision >= demand.modelRevision && (demand.userId !== userId || userRevision >= demand.userRevision);
    },
  };
}

function read(token: string): Demand {
  const bytes = Buffer.from(token, 'base64url');
  const userLength = bytes[USER_AT];
  const isReadable =
    bytes[0] === VERSION &&
    bytes[1] === REVISION_BYTES &&
    (userLength === 0 || userLength === USER_BYTES) &&
    bytes.length === USER_AT + 1 + userLength &&
    bytes.toString('base64url') === token;
  if (!isReadable) return UNREADABLE;
  const modelRevision = bytes.readBigUInt64BE(2);
  if (userLength === 0) return { modelRevision, userId: '', userRevision: 0n };
  const hex = bytes.toString('hex', USER_AT + 1, USER_AT + 17);
  const userId = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return { modelRevision, userId, userRevision: bytes.readBigUInt64BE(USER_AT + 17) };
}
