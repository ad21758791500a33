import { describe, expect, it } from 'vitest';
import { affectedTests } from '../src/affected/affected-tests.ts';
import { readModuleGraph } from '../src/affected/module-graph.ts';
import { plantTree, REPOSITORY } from './planted-tree.ts';

const TREE = {
  'packages/core/package.json': '{ "name": "@gatehouse/core", "exports": { ".": "./src/index.ts" } }',
  'packages/core/src/index.ts': "export { a } from './a.ts';\nexport { b } from './b.ts';\n",
  'packages/core/src/a.ts': 'export const a = 1;\n',
  'packages/core/src/a.test.ts': "import { a } from './a.ts';\na;\n",
  'packages/core/src/b.ts':
    "import { readFileSync } from 'node:fs';\nexport const b = () => readFileSync(new URL('./go.lua', import.meta.url));\n",
  'packages/core/src/b.test.ts': "import { b } from './b.ts';\nb;\n",
  'packages/core/src/go.lua': 'return 1\n',
  'proto/package.json': '{ "name": "@gatehouse/proto", "exports": { "./*": "./gen/ts/*" } }',
  'proto/gatehouse/common.proto': 'syntax = "proto3";\n',
  'proto/gatehouse/shop.proto': 'syntax = "proto3";\nimport "gatehouse/common.proto";\n',
  'services/shop/package.json': '{ "name": "@gatehouse/shop-service", "exports": { ".": "./src/main.ts" } }',
  'services/shop/grants.sql': 'grant select on shop.orders to gatehouse_shop;\n',
  'services/shop/migrations/0001_create_orders.sql': 'create table shop.orders ();\n',
  'services/shop/src/main.ts': "import { Order } from '@gatehouse/proto/gatehouse/shop.ts';\nOrder;\n",
  'services/shop/src/domain/price.test.ts': 'export {};\n',
  'services/shop/test/order.test.ts': "import * as main from '../src/main.ts';\nmain;\n",
  'services/shop/test/rights.test.ts':
    "import { createTestDatabase } from '@gatehouse/testing';\ncreateTestDatabase('shop');\n",
  'cli/src/main.ts': "import { a } from '@gatehouse/core';\na;\n",
  'test/mesh/up.test.ts': 'export {};\n',
};
const read = async () => readModuleGraph(await plantTree(TREE));

describe('the tests that a change can have broken', () => {
  it.each([
    [
      'a module that one other needs',
      'packages/core/src/a.ts',
      ['packages/core/src/a.test.ts', 'test/mesh/up.test.ts'],
    ],
    [
      'a script that code reads by its name',
      'packages/core/src/go.lua',
      ['packages/core/src/b.test.ts', 'test/mesh/up.test.ts'],
    ],
    [
      'a migration',
      'services/shop/migrations/0001_create_orders.sql',
      ['services/shop/test/order.test.ts', 'services/shop/test/rights.test.ts', 'test/mesh/up.test.ts'],
    ],
    [
      'the rights of a service',
      'services/shop/grants.sql',
      ['services/shop/test/order.test.ts', 'services/shop/test/rights.test.ts', 'test/mesh/up.test.ts'],
    ],
    [
      'a proto that another imports',
      'proto/gatehouse/common.proto',
      ['services/shop/test/order.test.ts', 'services/shop/test/rights.test.ts', 'test/mesh/up.test.ts'],
    ],
    ['a test', 'services/shop/src/domain/price.test.ts', ['services/shop/src/domain/price.test.ts']],
    ['what no test reads', 'docs/architecture.md', []],
  ])('of %s are those that need it, however indirectly', async (_what, changed, expected) => {
    expect(affectedTests(await read(), [changed])).toEqual(expected);
  });

  it('of what every test runs on are all', async () => {
    const graph = await read();
    for (const changed of ['package-lock.json', 'vitest.config.ts', 'packages/testing/src/vitest/setup.ts']) {
      expect(affectedTests(graph, [changed])).toHaveLength(6);
    }
  });

  it('of this repository are found for a policy file, a proxy and a statement alike', async () => {
    const graph = await readModuleGraph(REPOSITORY);
    const of = (changed: string) => affectedTests(graph, [changed]);
    expect(of('services/audit/migrations/0001_create_security_audit_log.sql')).toContain(
      'services/audit/test/rights.test.ts',
    );
    expect(of('deploy/compose/envoy.yaml')).toContain('services/session/test/proxy-examples.test.ts');
    expect(of('services/session/src/domain/csrf.ts')).toContain('services/session/src/domain/csrf.test.ts');
    expect(of('services/session/src/domain/csrf.ts')).not.toContain('packages/postgres/test/migrate.test.ts');
  });
});
