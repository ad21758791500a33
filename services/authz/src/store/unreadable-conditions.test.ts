import { compileModel, storedCondition } from '@gatehouse/client/policy';
import { createRegistry } from '@gatehouse/process';
import { expect, it } from 'vitest';
import { tellUnreadable } from './unreadable-conditions.ts';

const modelOf = (revision: bigint, sources: readonly string[]) =>
  compileModel(revision, [
    {
      id: 'r',
      name: 'reader',
      parentId: undefined,
      permissions: sources.flatMap((source, index) => [
        { name: `vault:${index}`, effect: 'allow' as const, condition: storedCondition(source) },
        { name: `vault:${index}`, effect: 'deny' as const, condition: storedCondition(source) },
      ]),
    },
  ]);

it('names each condition that can not be read once, and no more than twenty in a line', async () => {
  const lines: { readonly conditions: readonly string[]; readonly unreadable: number }[] = [];
  const registry = createRegistry('authz');
  const tell = tellUnreadable({ logger: { warn: (line: never) => void lines.push(line) } as never, registry });
  const count = async () => (await registry.getSingleMetric('authz_unreadable_conditions')?.get())?.values[0]?.value;

  tell(modelOf(1n, ['true', 'nobody.knows()']));
  expect(lines).toEqual([{ conditions: ['permission vault:1', 'role reader denies vault:1'], unreadable: 2 }]);
  tell(modelOf(2n, ['true', 'nobody.knows()']));
  expect(lines.length).toBe(1);
  expect(await count()).toBe(2);
  tell(modelOf(3n, ['true', 'another.one()']));
  expect(lines.length).toBe(2);
  tell(
    modelOf(
      4n,
      Array.from({ length: 30 }, (_, index) => `what.ever(${index})`),
    ),
  );
  expect(lines.at(-1)?.conditions.length).toBe(20);
  expect(lines.at(-1)?.unreadable).toBe(60);
  tell(modelOf(5n, ['true']));
  expect(await count()).toBe(0);
});
