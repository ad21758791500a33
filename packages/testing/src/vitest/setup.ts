import { aroundAll, expect, inject } from 'vitest';
import { type FileScope, runInFile } from '../running-test.ts';
import { provideTestStores, type TestStores } from '../test-stores.ts';
import { confineToMachine } from './confine.ts';
import { checkLeaks } from './leak-check.ts';
import { trackResources } from './open-resources.ts';
import { enforceTier } from './tier-in-force.ts';
import type { Tier } from './tiers.ts';
import { limitTests } from './time-limit.ts';
import { watchEventLoop } from './watchdog.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the global set-up made for this run. */
    readonly gatehouse?: TestStores;
    /** Which tier the files of this project are of. */
    readonly tier?: Tier;
    /** How long a test may take; by default TEST_LIMIT_MS. */
    readonly testLimitMs?: number;
    /** How long what a file has closed may take to vanish; by default SETTLE_LIMIT_MS. */
    readonly settleLimitMs?: number;
  }
}

// Runs in each worker before each test file.
const file: FileScope = { file: expect.getState().testPath ?? 'a test file', over: false };
const stores = inject('gatehouse');
if (stores !== undefined) provideTestStores(stores);
enforceTier(inject('tier'));
confineToMachine();
watchEventLoop(inject('testLimitMs'));
trackResources();
aroundAll((runFile) => runInFile(file, runFile));
limitTests(file, inject('testLimitMs'));
checkLeaks(file, inject('settleLimitMs'));
