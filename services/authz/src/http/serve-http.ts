import { serveHttp as serve } from '@gatehouse/http';
import type { Runtime } from '@gatehouse/mesh';
import { access } from '../access.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { actionSearchRoute } from './action-search.ts';
import { toRefusal } from './answers.ts';
import { evaluationRoute } from './evaluation.ts';
import { evaluationsRoute } from './evaluations.ts';
import { metadataRoute } from './metadata.ts';
import { resourceSearchRoute } from './resource-search.ts';
import { subjectSearchRoute } from './subject-search.ts';

/** Serves the OpenID AuthZEN Authorization API 1.0, if the configuration says where. Each path is for the peers of its RPC. */
export function serveHttp(config: Config, runtime: Runtime, deps: Deps): Promise<void> {
  return serve(runtime, {
    listen: config.GATEHOUSE_AUTHZ_HTTP_LISTEN,
    transport: 'mtls',
    trustDomain: config.GATEHOUSE_TRUST_DOMAIN,
    drainBudgetMs: config.GATEHOUSE_DRAIN_BUDGET_MS,
    routes: [
      evaluationRoute(deps, access.check),
      evaluationsRoute(deps, access.batchCheck),
      subjectSearchRoute(deps, access.lookupUsers),
      resourceSearchRoute(deps, access.lookupResources),
      actionSearchRoute(deps, access.listUserPermissions),
      metadataRoute(access.check, config.GATEHOUSE_AUTHZ_HTTP_URL),
    ],
    refusalForm: toRefusal,
    echoesRequestId: true,
  });
}
