import { posix } from 'node:path';
import { readImports } from '../imports.ts';
import { findText, listFiles } from '../source-tree.ts';
import { tokenize } from '../tokens.ts';
import { readWorkspaces, type Workspaces } from './workspaces.ts';

/** Which files each file needs, by paths from the root of the repository. */
export type ModuleGraph = ReadonlyMap<string, ReadonlySet<string>>;

/** Code, and protos, which import one another as well. */
const CODE = /\.(?:[cm]?[jt]s|proto)$/;
/** A test that says so gets the schema of the service, which is made by what lies in the service's folder. */
const SCHEMA_OF =
  /\b(?:createTestDatabase|privateDatabase|startTestService|startPostgresWith)\(\s*(?:\{\s*name:\s*)?'([a-z]+)'/g;
/** What runs the programs themselves, and so needs all of what they need. */
const RUNS_PROGRAMS = /^(?:test\/mesh|examples\/[^/]+\/test)\/|^cli\/src\/mesh\//;
/** What a program needs besides its modules: the schema that it finds and the rights that it has in it. */
const SCHEMA_FILE = /^services\/([^/]+)\/(?:migrations\/.*\.sql|grants\.sql|schema\.sql)$/;

/** Reads which file needs which: imports, protos, schemas, programs that are run, and files that are read by their name. */
export async function readModuleGraph(root: string): Promise<ModuleGraph> {
  const files = await listFiles(root);
  const workspaces = await readWorkspaces(root);
  const known = new Set(files);
  const mains = files.filter((file) => /^(?:services\/[^/]+\/src|cli\/src)\/main\.ts$/.test(file));
  const data = namedFiles(files.filter((file) => !CODE.test(file) && !SCHEMA_FILE.test(file)));
  const graph = new Map<string, Set<string>>();
  const edgesOf = (file: string) => {
    const edges = graph.get(file) ?? new Set<string>();
    graph.set(file, edges);
    return edges;
  };
  for (const file of files) {
    const service = SCHEMA_FILE.exec(file)?.[1];
    if (service !== undefined) edgesOf(`services/${service}/src/main.ts`).add(file);
    if (!CODE.test(file)) continue;
    const text = (await findText(root, file)) ?? '';
    const edges = edgesOf(file);
    for (const needed of neededBy(file, text, workspaces, known)) edges.add(needed);
    for (const [, name = ''] of text.matchAll(SCHEMA_OF)) edges.add(`services/${name}/src/main.ts`);
    if (RUNS_PROGRAMS.test(file)) for (const main of mains) edges.add(main);
    for (const word of text.match(/[\w.-]+\.[\w-]+/g) ?? []) for (const path of data.get(word) ?? []) edges.add(path);
  }
  return graph;
}

function neededBy(file: string, text: string, workspaces: Workspaces, known: ReadonlySet<string>): string[] {
  const specifiers = file.endsWith('.proto')
    ? [...text.matchAll(/^import\s+(?:public\s+|weak\s+)?"([^"]+)"/gm)].map(([, path = '']) => `proto/${path}`)
    : readImports(tokenize(text)).flatMap(({ specifier }) => resolve(file, specifier, workspaces));
  return specifiers.filter((path) => known.has(path));
}

function resolve(file: string, specifier: string | undefined, workspaces: Workspaces): string[] {
  if (specifier === undefined) return [];
  if (specifier.startsWith('.')) return [posix.join(posix.dirname(file), specifier)];
  return workspaces.resolve(specifier);
}

/** Files that are not code, by the last part of their path, which is what code names them by. */
function namedFiles(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>();
  for (const file of files) {
    const name = posix.basename(file);
    named.set(name, [...(named.get(name) ?? []), file]);
  }
  // Every package has one, and names its own; what depends on them all is decided elsewhere.
  for (const common of ['package.json', 'tsconfig.json', 'README.md']) {
    named.set(
      common,
      (named.get(common) ?? []).filter((path) => path === common),
    );
  }
  return named;
}
