import { Failure } from '@gatehouse/failure';
import type { KeyRing } from './key-ring.ts';
import { type LookupBudget, lookupBudget } from './lookup-budget.ts';
import { isIssued, isKeyed, type SessionToken, tokenInvalid } from './session-token.ts';

/**
 * Which tokens are issued and which are taken: `plain` issues those without a MAC, `keyed` those with one, and both take
 * both; `keyed-only` takes no plain one any more.
 */
export type TokenForm = 'plain' | 'keyed' | 'keyed-only';

/** What one token costs the stores. */
export interface Admission {
  /** Call it before Postgres is asked about the token. Throws Failure `limited` SESSION_LOOKUPS_LIMITED. */
  spend(): void;
  /** The token is the one of its session. */
  proven(): void;
  /** Whether its form alone says that this service has issued it. */
  readonly isIssued: boolean;
}

/** Keeps tokens that were made up away from the stores. */
export interface TokenGate {
  /** Throws Failure `unauthenticated` SESSION_TOKEN_INVALID for a token that can't be ours. */
  admit(token: SessionToken, peer: string): Admission;
}

/** Lookups in vain that one peer has at once, and again each second: plain tokens of nobody, by way of each instance. */
export const VAIN_LOOKUPS_MAX = 500;
const VAIN_LOOKUPS_PER_SECOND = 20;
const PEERS_MAX = 1_000;
const RETRY_AFTER_MS = 1_000;

const ISSUED: Admission = { spend() {}, proven() {}, isIssued: true };

export function tokenGate(ring: KeyRing, form: TokenForm, nowMs: () => number): TokenGate {
  const budget = lookupBudget({
    max: VAIN_LOOKUPS_MAX,
    perSecond: VAIN_LOOKUPS_PER_SECOND,
    peersMax: PEERS_MAX,
    nowMs,
  });
  return {
    admit(token, peer) {
      if (isKeyed(token)) {
        if (!isIssued(ring, token)) throw tokenInvalid();
        return ISSUED;
      }
      if (form === 'keyed-only') throw tokenInvalid();
      return bounded(budget, peer);
    },
  };
}

/** Of a plain token only its session can tell whether it was issued: it costs one lookup until that is known. */
function bounded(budget: LookupBudget, peer: string): Admission {
  let isSpent = false;
  return {
    spend() {
      if (isSpent) return;
      if (!budget.take(peer)) throw lookupsLimited();
      isSpent = true;
    },
    proven() {
      if (isSpent) budget.giveBack(peer);
      isSpent = false;
    },
    isIssued: false,
  };
}

function lookupsLimited(): Failure {
  const message = 'Too many tokens without a session were asked about; ask again.';
  return new Failure('limited', 'SESSION_LOOKUPS_LIMITED', message, { retryAfterMs: RETRY_AFTER_MS });
}
