import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';
import { apply, arrayOf, clear, exported, lines, policyOf } from './policies.ts';
import { randomDocument } from './random-documents.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

it('returns the model by names, in their order, as of its revision', async () => {
  expect(await exported(fixture.policies)).toEqual({ policy: policyOf({}), revision: 0n });
  await apply(fixture.policies, {
    permissions: [{ name: 'b:x', description: 'B', category: 'c', isDangerous: true, condition: 'true' }, 'a:*'],
    roles: [
      { name: 'second', parent: 'first', permissions: ['b:x'], deniedPermissions: ['a:*'] },
      { name: 'first', description: 'One' },
      { name: 'third' },
    ],
    exclusions: [['third', 'second', 'Why']],
  });
  expect(await exported(fixture.policies)).toEqual({
    policy: policyOf({
      permissions: ['a:*', { name: 'b:x', description: 'B', category: 'c', isDangerous: true, condition: 'true' }],
      roles: [
        { name: 'first', description: 'One' },
        { name: 'second', parent: 'first', permissions: ['b:x'], deniedPermissions: ['a:*'] },
        { name: 'third' },
      ],
      exclusions: [['second', 'third', 'Why']],
    }),
    revision: await modelRevision(fixture),
  });
});

it('comes in messages that ApplyPolicy takes as they are', async () => {
  const permissions = Array.from({ length: 600 }, (_, index) => ({
    name: `many:p${index}`,
    description: 'd'.repeat(900),
  }));
  await apply(fixture.policies, { permissions: permissions.slice(0, 200) });
  await apply(fixture.policies, { permissions: permissions.slice(200, 400) });
  await apply(fixture.policies, { permissions: permissions.slice(400) });
  const parts = await arrayOf(fixture.policies.exportPolicy({}));
  expect(parts.length).toBeGreaterThan(4);
  const requests = parts.map(({ policy, isComplete }) => ({
    policy,
    isComplete,
    dryRun: false,
    prune: true,
    mustMatchRevision: parts[0]?.revision,
  }));
  const [answer] = await arrayOf(fixture.policies.applyPolicy(requests));
  expect(answer).toMatchObject({ changes: [], isComplete: true, revision: parts[0]?.revision });
});

it('is what was applied, from whatever was there, and makes no difference', async () => {
  await clear(fixture);
  for (let run = 0; run < 40; run += 1) {
    const document = randomDocument();
    const dry = await apply(fixture.policies, document, { prune: true, dryRun: true });
    const { changes } = await apply(fixture.policies, document, { prune: true });
    expect(lines(changes)).toEqual(lines(dry.changes));
    expect((await exported(fixture.policies)).policy).toEqual(document);
    expect((await apply(fixture.policies, document, { prune: true })).changes).toEqual([]);
  }
});
