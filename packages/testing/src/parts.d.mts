export type PartName = 'postgres' | 'redis' | 'pgbackrest' | 'h2load' | 'nginx' | 'caddy' | 'envoy';

export interface Part {
  /** For people. */
  readonly title: string;
  /** The environment variable that says where it is. */
  readonly variable?: string;
  /** Finds it in the folders of a PATH variable and where packagers put it. */
  readonly find: (path: string) => string | undefined;
  /** Debian's package. */
  readonly apt?: string;
  /** The command that brings it. */
  readonly command: string;
}

export const PARTS: Readonly<Record<PartName, Part>>;
export function findPart(name: PartName, env: NodeJS.ProcessEnv): string | undefined;
