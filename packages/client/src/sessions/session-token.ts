import { hash } from 'node:crypto';
import { GatehouseError } from '../gatehouse-error.ts';

/** What every session token looks like. A service would refuse a whole batch for a field that breaks its limits. */
const SESSION_TOKEN = /^ghs_[A-Za-z0-9_-]{1,252}$/;

/** Whether a text can be a session token. */
export function isSessionToken(text: unknown): text is string {
  return typeof text === 'string' && SESSION_TOKEN.test(text);
}

/** The answer to every token that is not of the service: malformed, unknown or tampered with. */
export function tokenInvalid(): GatehouseError {
  return new GatehouseError('UNAUTHENTICATED', 'SESSION_TOKEN_INVALID', 'The session token is not valid.');
}

/**
 * What a token is remembered by: its SHA-256, as the 32 characters that cost least to make and to compare. A token has
 * enough entropy that nobody finds it from its hash, and two tokens with one hash can't be made.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'binary');
}
