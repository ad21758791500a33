import { posix } from 'node:path';
import { findText, listFiles } from '../source-tree.ts';

/** The npm workspaces of the repository, by the names that they are imported by. */
export interface Workspaces {
  /** The file that a specifier such as `@gatehouse/rpc` or `@gatehouse/cli/flow` leads to; none when it is no workspace's. */
  resolve(specifier: string): string[];
}

interface Manifest {
  readonly name?: string;
  readonly exports?: Readonly<Record<string, string>>;
}

/** Generated code stands for the proto that it follows from. */
const GENERATED = /^proto\/gen\/ts\/(gatehouse\/.+)\.ts$/;

export async function readWorkspaces(root: string): Promise<Workspaces> {
  const manifests = (await listFiles(root)).filter((file) => posix.basename(file) === 'package.json');
  const byName = new Map<string, { folder: string; exports: Readonly<Record<string, string>> }>();
  for (const file of manifests) {
    const { name, exports = {} } = JSON.parse((await findText(root, file)) ?? '{}') as Manifest;
    if (name !== undefined) byName.set(name, { folder: posix.dirname(file), exports });
  }
  return {
    resolve(specifier) {
      const parts = specifier.split('/');
      const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      const workspace = byName.get(name);
      if (workspace === undefined) return [];
      const target = exported(workspace.exports, `.${specifier.slice(name.length)}`);
      if (target === undefined) return [];
      const path = posix.join(workspace.folder, target);
      const generatedFrom = GENERATED.exec(path)?.[1];
      return [generatedFrom === undefined ? path : `proto/${generatedFrom}.proto`];
    },
  };
}

/** The target of a path of `exports`, which may have one star. */
function exported(exports: Readonly<Record<string, string>>, path: string): string | undefined {
  if (exports[path] !== undefined) return exports[path];
  for (const [pattern, target] of Object.entries(exports)) {
    const [before = '', after] = pattern.split('*');
    if (after === undefined || !path.startsWith(before) || !path.endsWith(after)) continue;
    return target.replace('*', path.slice(before.length, path.length - after.length));
  }
  return undefined;
}
