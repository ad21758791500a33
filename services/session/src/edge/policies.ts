import { isFailure } from '@gatehouse/failure';
import type { Deps } from '../deps.ts';
import { type EdgePolicy, parsePolicy, parseSettings, policyInvalid, type Setting } from '../domain/edge-policy.ts';

/** The policies of routes, read once each. A policy that makes no sense is undefined, and logged. */
export interface Policies {
  /** From keys and values. */
  ofSettings(settings: Readonly<Record<string, string>>): EdgePolicy | undefined;
  /** From the part of a URL that the operator has written, which has no query: see forward-auth. */
  ofUrl(path: string, query: string | undefined): EdgePolicy | undefined;
}

/** Policies that are remembered; an operator has fewer, and when there are more they are read again. */
const REMEMBERED_MAX = 1_000;

export function policies({ accessTokens, logger }: Pick<Deps, 'accessTokens' | 'logger'>): Policies {
  const known = new Map<string, EdgePolicy | undefined>();
  const strictest = parsePolicy([]);

  const remember = (key: string, settings: () => readonly Setting[]): EdgePolicy | undefined => {
    if (known.has(key)) return known.get(key);
    if (known.size >= REMEMBERED_MAX) known.clear();
    const policy = read(settings);
    known.set(key, policy);
    return policy;
  };
  const read = (settings: () => readonly Setting[]): EdgePolicy | undefined => {
    try {
      const policy = parsePolicy(settings());
      accessTokens.audience(policy.audience);
      return policy;
    } catch (error) {
      if (!isFailure(error)) throw error;
      logger.error(
        { reason: 'POLICY_INVALID', why: error.message },
        'a route is not configured rightly: all of its requests are denied',
      );
      return undefined;
    }
  };

  return {
    ofSettings(settings) {
      const entries = Object.entries(settings);
      return entries.length === 0 ? strictest : remember(JSON.stringify(entries), () => entries);
    },
    ofUrl(path, query) {
      if (query) {
        return remember('?', () => {
          throw policyInvalid(
            'The URL of the proxy has a query, which can be that of the end user; see docs/flows/edge.md.',
          );
        });
      }
      return path === '' ? strictest : remember(path, () => parseSettings(path));
    },
  };
}
