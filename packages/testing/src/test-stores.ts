/** A database that a service's migrations have been run in, to be cloned; or why there is none. */
export type TestTemplate =
  | { readonly database: string; readonly ownerUrl: string; readonly appUrl: string }
  | { readonly error: string };

/** What the global set-up of a test run made for all test files. */
export interface TestStores {
  /** Superuser URL of the run's Postgres. */
  readonly adminUrl: string;
  /** A data directory of Postgres as initdb leaves it, for servers of a test's own; undefined where there is none to copy. */
  readonly pristineCluster?: string | undefined;
  /** By the name of the service's folder. */
  readonly templates: Readonly<Record<string, TestTemplate>>;
  /** Holds the run's certificate authority, and goes with the run. */
  readonly authorityDirectory: string;
  readonly trustDomain: string;
}

let provided: TestStores | undefined;

/** Called once in every test file's process, before the file. */
export function provideTestStores(stores: TestStores): void {
  provided = stores;
}

/** The data directory that servers of a test's own begin as; undefined outside a test run. */
export function pristineCluster(): string | undefined {
  return provided?.pristineCluster;
}

/** Superuser URL of the run's Postgres; undefined outside a test run, and where the run has none. */
export function sharedAdminUrl(): string | undefined {
  return provided?.adminUrl || undefined;
}

/** The stores of this test run. Throws outside a test run. */
export function testStores(): TestStores {
  if (provided === undefined) throw new Error('Only a test started by `npm test` has test stores.');
  return provided;
}
