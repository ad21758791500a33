import type { GetRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import { ACTION_SEARCH_PATH } from './action-search.ts';
import { toRefusal } from './answers.ts';
import { EVALUATION_PATH } from './evaluation.ts';
import { EVALUATIONS_PATH } from './evaluations.ts';
import { RESOURCE_SEARCH_PATH } from './resource-search.ts';
import { SUBJECT_SEARCH_PATH } from './subject-search.ts';

/** Where callers look for the endpoints (AuthZEN, section 9.2). */
export const METADATA_PATH = '/.well-known/authzen-configuration';

/** How long callers may keep it. */
const MAX_AGE_SECONDS = 3_600;
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * The metadata of the policy decision point (AuthZEN, section 9). Its identifier has to be the URL that callers know it by:
 * `url`, or, where that is not set, the host that the request names.
 */
export function metadataRoute(access: AccessRule, url: string | undefined): GetRoute {
  return {
    name: 'authzen-configuration',
    method: 'GET',
    access,
    matches: (path) => path === METADATA_PATH,
    handle({ headers: { host = '' } }) {
      if (url === undefined && !HOST.test(host)) {
        return toRefusal({ status: 400, reason: 'HOST_INVALID', message: 'The header Host names no host.' });
      }
      const base = url ?? `https://${host}`;
      const headers = [
        ['content-type', 'application/json'],
        ['cache-control', `max-age=${MAX_AGE_SECONDS}`],
      ] as const;
      return { status: 200, headers, body: JSON.stringify(metadataOf(base)) };
    },
  };
}

function metadataOf(base: string) {
  return {
    policy_decision_point: base,
    access_evaluation_endpoint: base + EVALUATION_PATH,
    access_evaluations_endpoint: base + EVALUATIONS_PATH,
    search_subject_endpoint: base + SUBJECT_SEARCH_PATH,
    search_resource_endpoint: base + RESOURCE_SEARCH_PATH,
    search_action_endpoint: base + ACTION_SEARCH_PATH,
  };
}
