import { inject } from 'vitest';
import { provideTestStores, type TestStores } from '../test-stores.ts';
import { checkLeaks } from './leak-check.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the global set-up made for this run. */
    readonly gatehouse?: TestStores;
  }
}

// Runs in each test file's process before the file itself.
const stores = inject('gatehouse');
if (stores !== undefined) provideTestStores(stores);
checkLeaks();
