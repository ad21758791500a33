import { currentFile, type FileScope } from './running-test.ts';

/** A store that somebody started and has to stop. */
export interface StartedStore {
  /** For people, such as `Postgres on port 21234`. */
  readonly name: string;
  /** Stops it whatever state it is in. */
  readonly stop: () => Promise<unknown>;
}

const started = new Map<StartedStore, FileScope | undefined>();

/** Remembers a store until the answer is called, so that whoever forgets to stop it can be told so. */
export function rememberStore(store: StartedStore): () => void {
  started.set(store, currentFile());
  return () => started.delete(store);
}

/** The stores that this test file has started and nobody has stopped. Those of the worker are not among them. */
export function startedStores(file: FileScope): readonly StartedStore[] {
  return [...started].filter(([, owner]) => owner === file).map(([store]) => store);
}
