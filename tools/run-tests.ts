import { join } from 'node:path';
import { runTests } from './src/test-run/run-tests.ts';

// All tests, those of a tier or a path, or those that a change can have broken: npm test.
await runTests(join(import.meta.dirname, '..'), process.argv.slice(2));
