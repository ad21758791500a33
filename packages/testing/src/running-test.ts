import { AsyncLocalStorage } from 'node:async_hooks';

/** One run of a test file. Whatever the file opens belongs to it, however late and however deep it is opened. */
export interface FileScope {
  /** Path of the file, for people. */
  readonly file: string;
  /** Whether the file has ended, so that nothing may be opened in its name any more. */
  over: boolean;
}

interface Scope {
  readonly file: FileScope;
  /** Aborted when the test that runs has reached its limit. */
  readonly signal?: AbortSignal;
}

const storage = new AsyncLocalStorage<Scope>();

/** Runs the hooks and tests of a file in its name. */
export function runInFile<T>(file: FileScope, work: () => T): T {
  return storage.run({ file }, work);
}

/** Runs one test of a file; the signal tells it and all that it has started to stop. */
export function runInTest<T>(file: FileScope, signal: AbortSignal, work: () => T): T {
  return storage.run({ file, signal }, work);
}

/** Runs what belongs to the worker and outlives the file that happened to ask for it first. */
export function runInWorker<T>(work: () => T): T {
  return storage.exit(work);
}

/** The file in whose name the caller runs; undefined for what belongs to the worker or to the test runner. */
export function currentFile(): FileScope | undefined {
  return storage.getStore()?.file;
}

/** Aborted when the test that runs has reached its limit; undefined outside a test. */
export function currentSignal(): AbortSignal | undefined {
  return storage.getStore()?.signal;
}

/** Throws when the test that the caller belongs to is over, so that it can't go on beside the next one. */
export function stopIfOver(): void {
  const scope = storage.getStore();
  scope?.signal?.throwIfAborted();
  if (scope?.file.over === true) throw new Error(`${scope.file.file} is over, and something of it still runs.`);
}
