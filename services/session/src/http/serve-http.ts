import { serveHttp as serve } from '@gatehouse/http';
import type { Runtime } from '@gatehouse/mesh';
import { edgeAccess, tokenAccess } from '../access.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { forwardAuthRoute } from './forward-auth.ts';
import { jwksRoute } from './jwks.ts';
import { toRefusal } from './refusal.ts';

/** Serves forward-auth and the key set, if the configuration says where. */
export function serveHttp(config: Config, runtime: Runtime, deps: Deps): Promise<void> {
  return serve(runtime, {
    listen: config.GATEHOUSE_SESSION_HTTP_LISTEN,
    transport: config.GATEHOUSE_SESSION_HTTP_TRANSPORT,
    trustDomain: config.GATEHOUSE_TRUST_DOMAIN,
    drainBudgetMs: config.GATEHOUSE_DRAIN_BUDGET_MS,
    routes: [forwardAuthRoute(deps, edgeAccess.check), jwksRoute(deps, tokenAccess.getJsonWebKeySet)],
    refusalForm: toRefusal,
  });
}
