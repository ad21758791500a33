import { stringify } from 'yaml';
import { TEAMS } from '../work/permissions.ts';

/**
 * Our model (`work/permissions.ts`) as Cerbos has it, by file name: a policy for each kind of resource, in which a rule
 * for each action names the roles that may do it. What a role inherits is written out, since that is the fastest form.
 */
export function cerbosPolicies(): ReadonlyMap<string, string> {
  return new Map(Array.from({ length: TEAMS }, (_, team) => [`documents-${team}.yaml`, stringify(policyOf(team))]));
}

function policyOf(team: number) {
  const allow = (action: string, roles: readonly string[]) => ({ actions: [action], effect: 'EFFECT_ALLOW', roles });
  return {
    apiVersion: 'api.cerbos.dev/v1',
    resourcePolicy: {
      resource: `documents-${team}`,
      version: 'default',
      rules: [allow('read', [`viewer-${team}`, `editor-${team}`]), allow('write', [`editor-${team}`])],
    },
  };
}

/** The configuration of a server with these policies, and otherwise its defaults; it must take as many in a batch as we ask. */
export function cerbosConfig(given: { grpcPort: number; httpPort: number; policies: string; batch: number }): string {
  return stringify({
    server: {
      grpcListenAddr: `127.0.0.1:${given.grpcPort}`,
      httpListenAddr: `127.0.0.1:${given.httpPort}`,
      requestLimits: { maxResourcesPerRequest: given.batch },
    },
    storage: { driver: 'disk', disk: { directory: given.policies, watchForChanges: false } },
    telemetry: { disabled: true },
  });
}
