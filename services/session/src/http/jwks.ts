import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';

/** Where verifiers look for the key set. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** The key set over HTTP. */
export function jwksRoute(
  { signingKeys, keyTerms }: Pick<Deps, 'signingKeys' | 'keyTerms'>,
  access: AccessRule,
): HttpRoute {
  return {
    name: 'jwks',
    method: 'GET',
    access,
    matches: (path) => path === JWKS_PATH,
    async handle({ headers }) {
      const { json } = await signingKeys.keySet();
      return jwksResponse({ json, maxAgeSeconds: keyTerms.maxAgeSeconds, ifNoneMatch: headers['if-none-match'] });
    },
  };
}

/** The answer to a request for the key set: the set, or that it has not changed (RFC 9110, section 13.1.2). */
export function jwksResponse({
  json,
  maxAgeSeconds,
  ifNoneMatch,
}: {
  /** The key set (RFC 7517, section 5). */
  readonly json: string;
  /** How long it may be kept. A key is published for longer than this before it signs. */
  readonly maxAgeSeconds: number;
  readonly ifNoneMatch: string | undefined;
}): HttpAnswer {
  const tag = `"${createHash('sha256').update(json).digest('base64url')}"`;
  const caching = [
    ['cache-control', `public, max-age=${maxAgeSeconds}`],
    ['etag', tag],
  ] as const;
  if (isKnown(tag, ifNoneMatch)) return { status: 304, headers: caching, body: '' };
  return { status: 200, headers: [['content-type', 'application/jwk-set+json'], ...caching], body: json };
}

/** Weak comparison (RFC 9110, section 8.8.3.2), because a cache on the way may have made the tag weak. */
function isKnown(tag: string, ifNoneMatch = ''): boolean {
  return ifNoneMatch.split(',').some((each) => ['*', tag].includes(each.trim().replace(/^W\//, '')));
}
