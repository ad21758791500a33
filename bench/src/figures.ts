import { clientChecks } from './figures/client-checks.ts';
import { clientLocal } from './figures/client-local.ts';
import { compiledConditions } from './figures/compiled-conditions.ts';
import { conditionSpeed } from './figures/condition-speed.ts';
import { conditionalChecks } from './figures/conditional-checks.ts';
import { costlyBatches } from './figures/costly-batches.ts';
import { grantToAllow } from './figures/grant-to-allow.ts';
import { manySessions } from './figures/many-sessions.ts';
import { manyUsers } from './figures/many-users.ts';
import { revokeToRefuse } from './figures/revoke-to-refuse.ts';
import type { Figure } from './row.ts';
import type { PrepareChecks, Stage } from './stages.ts';
import { startService } from './start-service.ts';

/** Figures that are measured together, on instances of their own. */
interface Group {
  readonly name: string;
  measure(stage: Stage, prepareChecks: PrepareChecks): Promise<Figure[]>;
}

const GROUPS: readonly Group[] = [
  {
    name: 'figures: conditions',
    async measure(stage) {
      return [...conditionSpeed(stage), ...(await compiledConditions(stage.signal))];
    },
  },
  {
    name: 'figures: session, revoke to refuse',
    async measure(stage) {
      await using a = await startService(stage, 'session');
      await using b = await startService(stage, 'session');
      return await revokeToRefuse(stage, a, b);
    },
  },
  {
    name: 'figures: session, client',
    async measure(stage) {
      await using server = await startService(stage, 'session');
      return await clientLocal(stage, server);
    },
  },
  {
    name: 'figures: session, many sessions',
    async measure(stage) {
      await using server = await startService(stage, 'session');
      return await manySessions(stage, server);
    },
  },
  {
    name: 'figures: authz, grant to allow',
    async measure(stage, prepareChecks) {
      await using a = await startService(stage, 'authz');
      await using b = await startService(stage, 'authz');
      return await grantToAllow(stage, a, b, await prepareChecks(a));
    },
  },
  {
    name: 'figures: authz, conditions',
    async measure(stage, prepareChecks) {
      await using server = await startService(stage, 'authz');
      const known = await prepareChecks(server);
      return [...(await conditionalChecks(stage, server)), ...(await costlyBatches(stage, server, known))];
    },
  },
  {
    name: 'figures: authz, client',
    async measure(stage, prepareChecks) {
      await using server = await startService(stage, 'authz');
      return await clientChecks(stage, server, await prepareChecks(server));
    },
  },
  {
    // The last of authz, because it leaves a large model behind.
    name: 'figures: authz, many users',
    async measure(stage, prepareChecks) {
      await using server = await startService(stage, 'authz');
      const few = await prepareChecks(server);
      await stage.stores.settled('authz');
      return await manyUsers(stage, server, few);
    },
  },
];

/** Measures what is no rate of answers. */
export async function measureFigures(stage: Stage, prepareChecks: PrepareChecks): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, measure } of GROUPS.filter((group) => group.name.includes(stage.only))) {
    stage.say(`measuring ${name}`);
    figures.push(...(await measure(stage, prepareChecks)));
  }
  return figures;
}
