/** A store that somebody started and has to stop. */
export interface StartedStore {
  /** For people, such as `Postgres on port 21234`. */
  readonly name: string;
  /** Stops it whatever state it is in. */
  readonly stop: () => Promise<unknown>;
}

const started = new Set<StartedStore>();

/** Remembers a store until the answer is called, so that whoever forgets to stop it can be told so. */
export function rememberStore(store: StartedStore): () => void {
  started.add(store);
  return () => started.delete(store);
}

/** The stores of this process that nobody has stopped. */
export function startedStores(): readonly StartedStore[] {
  return [...started];
}
