import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Place, placeOf, SERVICE_SUFFIX } from './place.ts';

/** What an import leads to. */
export type ImportTarget =
  | { readonly kind: 'file'; readonly place: Place }
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'package' | 'service' | 'program'; readonly name: string; readonly subpath: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'module'; readonly name: string };

const PROGRAMS: ReadonlySet<string> = new Set(['cli', 'bench', 'tools', 'mesh-tests']);

/** Finds what a specifier in a file leads to, by the names that the workspaces have; reads no files. */
export function targetOf(file: string, specifier: string): ImportTarget {
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) {
    const path = posix.join(posix.dirname(file), specifier);
    return path.startsWith('../') ? { kind: 'outside', path } : { kind: 'file', place: placeOf(path) };
  }
  if (/^(?:\/|file:)/.test(specifier)) return { kind: 'outside', path: specifier };
  if (isBuiltin(specifier)) return { kind: 'builtin', name: specifier.replace(/^(?:node:)?/, 'node:') };

  const [scope = '', second = '', ...rest] = specifier.split('/');
  if (!scope.startsWith('@')) return { kind: 'module', name: scope };
  if (scope !== '@gatehouse') return { kind: 'module', name: `${scope}/${second}` };
  const subpath = rest.join('/');
  if (second.endsWith(SERVICE_SUFFIX)) {
    return { kind: 'service', name: second.slice(0, -SERVICE_SUFFIX.length), subpath };
  }
  return { kind: PROGRAMS.has(second) ? 'program' : 'package', name: second, subpath };
}
