import {
  SessionServiceService as rpcs,
  type SessionValidation,
  Freshness as WireFreshness,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Channel } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import type { Batch, Finding } from '../lookups/lookups.ts';
import { toRevokedReason } from './revoked-reason.ts';
import type { SessionMemory } from './session-memory.ts';
import { hashToken, tokenInvalid } from './session-token.ts';
import { invalidResponse, toValidatedSession, type ValidatedSession } from './validated-session.ts';

/** Most tokens in one question (BatchValidateSessionsRequest). */
export const BATCH_TOKENS_MAX = 500;

/**
 * Asks the service about a batch of tokens. What is to be remembered is asked for in the shared store: an instance that
 * answers from its own memory may not have heard yet of a change that the watch, on another instance, has told already.
 */
export async function askAboutTokens(
  channel: Channel,
  memory: SessionMemory,
  { remember, nowMs }: { readonly remember: boolean; readonly nowMs: number },
  { subjects: tokens, freshness, consistencyToken, timeoutMs, signal }: Batch<string>,
): Promise<readonly Finding<ValidatedSession>[]> {
  const reading = memory.begin(nowMs);
  try {
    const isStrict = remember || freshness === 'strict';
    const request = {
      sessionTokens: [...tokens],
      freshness: isStrict ? WireFreshness.FRESHNESS_STRICT : WireFreshness.FRESHNESS_BOUNDED,
      consistencyToken,
    };
    const { results } = await channel.call(rpcs.batchValidateSessions, request, { timeoutMs, signal });
    if (results.length !== tokens.length) throw invalidResponse();
    const findings = results.map(toFinding);
    if (remember) {
      for (const [index, token] of tokens.entries()) {
        const finding = findings[index];
        if (finding && !(finding instanceof GatehouseError)) memory.keep(reading, hashToken(token), finding);
      }
    }
    return findings;
  } finally {
    memory.end(reading);
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  SESSION_TOKEN_INVALID: 'The session token is not valid.',
  SESSION_EXPIRED: 'The session has expired.',
  SESSION_IDLE: 'The session was not used for too long.',
  SESSION_REVOKED: 'The session was revoked.',
};

function toFinding({ result }: SessionValidation): Finding<ValidatedSession> {
  // A result in which nothing is set is to be taken for a refusal.
  if (!result) return tokenInvalid();
  if (result.$case === 'session') {
    try {
      return toValidatedSession(result.value);
    } catch {
      return invalidResponse();
    }
  }
  const { reason, retryable, revokedReason } = result.value;
  if (retryable) {
    const code = reason === 'DEADLINE_EXCEEDED' ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE';
    return new GatehouseError(code, reason || 'SERVER_UNREACHABLE', 'The session service can not tell at the moment.');
  }
  const why = toRevokedReason(revokedReason);
  return new GatehouseError(
    'UNAUTHENTICATED',
    reason || 'SESSION_TOKEN_INVALID',
    MESSAGES[reason] ?? 'The session is refused.',
    {
      metadata: why ? { revoked_reason: why } : {},
    },
  );
}
