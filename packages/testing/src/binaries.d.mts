export declare const POSTGRES_MINIMUM: number;
export declare const REDIS_MINIMUM: readonly [number, number];
export interface PostgresBinaries {
  readonly directory: string;
  readonly major: number;
}
export declare function findPostgres(path: string): PostgresBinaries[];
export declare function findRedis(path: string): string | undefined;
export declare function findExecutable(name: string, path: string): string | undefined;
