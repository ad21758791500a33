/** Entries of a package-lock.json by path. */
export type Packages = Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>;
export declare function ensurePackages(root: string): Promise<void>;
export declare function packagesNeeded(state: {
  readonly lockHash: string;
  readonly stamp: string | undefined;
  readonly locked?: Packages;
  readonly installed?: Packages | undefined;
}): 'install' | 'stamp' | 'nothing';
