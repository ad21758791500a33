import type { Program } from './stores.mjs';

export declare function aptInstall(names: readonly Program[], optional: readonly Program[]): Promise<void>;
export declare function newestPostgresPackage(searchOutput: string): string;
