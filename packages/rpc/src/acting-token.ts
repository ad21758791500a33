import { Failure } from '@gatehouse/failure';
import { AUTHORIZATION_PROBLEMS, readAuthorization } from '@gatehouse/verify';

/**
 * Reads the metadata `authorization`: the session token of the end user for whom a peer acts; undefined when there is none.
 * Throws Failure `unauthenticated` SESSION_TOKEN_INVALID or SESSION_TOKEN_AMBIGUOUS for whatever else is there: a call that was
 * meant to be somebody's is never carried out as the peer's own.
 */
export function readActingToken(values: readonly unknown[]): string | undefined {
  const said = readAuthorization(values.map(String));
  if (said.kind === 'bearer') return said.token;
  if (said.kind === 'none') return undefined;
  const { reason, message } = AUTHORIZATION_PROBLEMS[said.kind];
  throw new Failure('unauthenticated', reason, message);
}
