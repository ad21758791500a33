import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { testFixtures } from './vitest-run.ts';

/** Where only Node is, so that no part from outside is found on the PATH; `true` stands for one that is named. */
const bare = { PATH: dirname(process.execPath), GATEHOUSE_CADDY: '' };

it('runs a test whose part is named by its variable', async () => {
  const { lastLine } = await testFixtures(['needs-part'], { ...bare, GATEHOUSE_CADDY: '/bin/true' });
  expect(lastLine).toBe('2 passed, 0 failed, 0 skipped');
});

it('fails a test whose part is missing where it is required, and else skips it by its name with what brings it', async () => {
  const required = await testFixtures(['needs-part'], { ...bare, GATEHOUSE_REQUIRE: 'caddy' });
  expect(required.lastLine).toBe('1 passed, 1 failed, 0 skipped');
  expect(required.output).toContain('GATEHOUSE_REQUIRE names caddy');
  const skipped = await testFixtures(['needs-part'], bare);
  expect(skipped.lastLine).toBe('1 passed, 0 failed, 1 skipped');
  expect(skipped.output).toMatch(/^skipped .*behind Caddy \(needs Caddy: apt-get install caddy.*> is answered/m);
});
