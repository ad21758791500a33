export type Program = 'postgres' | 'redis' | 'pgbackrest' | 'h2load' | 'nginx' | 'caddy';
export declare function ensureStores(root: string, needed: readonly Program[]): Promise<void>;
export declare function planStores(facts: {
  readonly missing: readonly Program[];
  readonly env: NodeJS.ProcessEnv;
  readonly isRoot: boolean;
  readonly hasApt: boolean;
  readonly hasInit?: boolean;
  readonly refused?: readonly Program[];
  readonly hasDocker?: boolean;
}): { readonly apt: Program[]; readonly error: string | undefined; readonly note: string | undefined };
