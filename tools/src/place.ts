import { posix } from 'node:path';

/** What part of the repository a file belongs to, and where in that part it stands. */
export interface Place {
  readonly kind: 'package' | 'service' | 'example' | 'cli' | 'bench' | 'tools' | 'mesh-tests' | 'proto' | 'root';
  /** Folder of the npm workspace, such as `services/session`; empty for the root. */
  readonly workspace: string;
  /** Last part of that folder. */
  readonly name: string;
  /** Path inside the workspace, such as `src/rpc/create-session.ts`. */
  readonly path: string;
  /** First part of the path under `src`, without its ending: `rpc`, `main`. Undefined outside `src`. */
  readonly layer: string | undefined;
  readonly isTest: boolean;
}

const KINDS: readonly (readonly [pattern: RegExp, kind: Place['kind']])[] = [
  [/^packages\/[^/]+(?=\/)/, 'package'],
  [/^services\/[^/]+(?=\/)/, 'service'],
  [/^examples\/[^/]+(?=\/)/, 'example'],
  [/^test\/mesh(?=\/)/, 'mesh-tests'],
  [/^cli(?=\/)/, 'cli'],
  [/^bench(?=\/)/, 'bench'],
  [/^tools(?=\/)/, 'tools'],
  [/^proto(?=\/)/, 'proto'],
];

/** Finds the place of a file from its path relative to the root of the repository. */
export function placeOf(file: string): Place {
  for (const [pattern, kind] of KINDS) {
    const workspace = pattern.exec(file)?.[0];
    if (workspace === undefined) continue;
    const path = file.slice(workspace.length + 1);
    const isTest = kind === 'mesh-tests' || path.startsWith('test/') || /\.test\.[cm]?ts$/.test(path);
    const layer = /^src\/([^/]+?)(?:\.[cm]?[jt]s)?(?:\/|$)/.exec(path)?.[1];
    return { kind, workspace, name: posix.basename(workspace), path, layer, isTest };
  }
  return { kind: 'root', workspace: '', name: '', path: file, layer: undefined, isTest: file.startsWith('test/') };
}

/** The name that a service, as opposed to a package, has in npm. */
export const SERVICE_SUFFIX = '-service';
