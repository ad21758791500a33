import { expect, it } from 'vitest';
import { tierOf } from './tiers.ts';

it.each([
  ['services/session/src/domain/csrf.test.ts', 'unit'],
  ['packages/rpc/test/server.test.ts', 'unit'],
  ['packages/client/test/conditions/operators.test.ts', 'unit'],
  ['packages/client/test/tls.test.ts', 'service'],
  ['services/session/test/create-session.test.ts', 'service'],
  ['packages/postgres/test/migrate.test.ts', 'service'],
  ['tools/test/golden.test.ts', 'service'],
  ['test/mesh/up.test.ts', 'mesh'],
  ['cli/test/reset.test.ts', 'mesh'],
  ['services/session/test/faults/bus-cut-off.test.ts', 'faults'],
  ['test/mesh/kill.soak.test.ts', 'soak'],
  ['docs/example.test.ts', undefined],
])('%s is of the tier %s', (path, tier) => {
  expect(tierOf(path)).toBe(tier);
});
