export declare function ensureGenerated(root: string, options: { readonly force: boolean }): Promise<void>;
export declare function hashOfSources(root: string): string;
