import {
  CLIENT_DEPENDENCIES,
  CONFINED,
  LAYERS,
  mayReadEnvironment,
  PACKAGE_GRAPH,
  PURE_BUILTINS,
  PURE_PACKAGES,
  WIRE_LAYERS,
} from './boundary-table.ts';
import { readEnvironmentReads } from './environment-reads.ts';
import { type ImportTarget, targetOf } from './import-target.ts';
import { type ImportedModule, readImports } from './imports.ts';
import { type Place, placeOf } from './place.ts';
import type { Problem } from './problem.ts';
import { findText, listFiles } from './source-tree.ts';
import { type Token, tokenize } from './tokens.ts';

/** Checks that imports run one way and that what is confined stays where it belongs, in every source file. */
export async function checkBoundaries(root: string): Promise<Problem[]> {
  const files = (await listFiles(root)).filter((file) => /\.[cm]?[jt]s$/.test(file));
  const problems = await Promise.all(
    files.map(async (file) => problemsOf(file, tokenize((await findText(root, file)) ?? ''))),
  );
  return problems.flat();
}

function problemsOf(file: string, tokens: readonly Token[]): Problem[] {
  const from = placeOf(file);
  return [
    ...layerProblems(file, from),
    ...readImports(tokens).flatMap((imported) => importProblems(file, from, imported)),
    ...(mayReadEnvironment(from) ? [] : readEnvironmentReads(tokens)).map((line) => ({
      file,
      line,
      message: 'only a config.ts reads process.env',
    })),
  ];
}

function layerProblems(file: string, from: Place): Problem[] {
  if (from.kind !== 'service' || from.layer === undefined || Object.hasOwn(LAYERS, from.layer)) return [];
  return [{ file, message: `src/${from.layer} is none of a service's layers (${Object.keys(LAYERS).join(', ')})` }];
}

function importProblems(file: string, from: Place, { specifier, line }: ImportedModule): Problem[] {
  if (specifier === undefined) {
    return [{ file, line, message: 'the module is computed, so that nobody can tell what is imported' }];
  }
  const target = targetOf(file, specifier);
  return RULES.flatMap((rule) => {
    const refusal = rule(from, target);
    return refusal === undefined ? [] : [{ file, line, message: `imports ${specifier}: ${refusal}` }];
  });
}

/** A rule answers with the sentence that refuses the import, or with nothing. */
type Rule = (from: Place, target: ImportTarget) => string | undefined;

const RULES: readonly Rule[] = [
  staysInPackage,
  entersByTheDoor,
  runsDownTheLayers,
  keepsTestsApart,
  keepsDomainPure,
  keepsWireAtTheEdge,
  keepsServicesApart,
  followsPackageGraph,
  keepsClientInstallable,
  keepsExamplesPublic,
  staysConfined,
  usesGlobalProcess,
];

/** The root holds every package, and its configuration of the tests is there for a test of it to extend. */
function staysInPackage(from: Place, target: ImportTarget): string | undefined {
  const refusal = 'a relative import may not leave its package';
  if (target.kind === 'outside') return refusal;
  if (target.kind !== 'file' || target.place.workspace === from.workspace || from.kind === 'root') return undefined;
  const extendsRoot = from.isTest && target.place.kind === 'root' && target.place.path === 'vitest.config.ts';
  return extendsRoot ? undefined : refusal;
}

/** The paths of generated code are the entry points of `@gatehouse/proto`. */
function entersByTheDoor(_from: Place, target: ImportTarget): string | undefined {
  const deep =
    'subpath' in target && target.name !== 'proto' && /^(?:src|test)(?:\/|$)|\.[cm]?[jt]s$/.test(target.subpath);
  return deep ? 'a package is entered by its entry point, not by a file inside it' : undefined;
}

function runsDownTheLayers(from: Place, target: ImportTarget): string | undefined {
  if (from.kind !== 'service' || from.isTest || from.layer === undefined) return undefined;
  if (target.kind !== 'file' || target.place.workspace !== from.workspace || target.place.layer === undefined) {
    return undefined;
  }
  const allowed = LAYERS[from.layer] ?? [];
  if (allowed.includes(target.place.layer)) return undefined;
  if (from.layer === 'rpc' && target.place.layer === 'rpc') return 'an RPC never imports an RPC';
  const all = allowed.length === 0 ? 'nothing' : `only ${allowed.join(', ')}`;
  return `${from.layer} imports ${all} of its service, not ${target.place.layer}`;
}

function keepsTestsApart(from: Place, target: ImportTarget): string | undefined {
  if (from.isTest) return undefined;
  if (target.kind === 'file' && target.place.isTest) return 'only a test imports a test';
  const shipped = from.kind === 'service';
  return shipped && target.kind === 'package' && target.name === 'testing'
    ? 'a service imports testing only in its tests'
    : undefined;
}

function keepsDomainPure(from: Place, target: ImportTarget): string | undefined {
  if (from.kind !== 'service' || from.layer !== 'domain' || from.isTest || target.kind === 'file') return undefined;
  if (target.kind === 'builtin' && PURE_BUILTINS.has(target.name)) return undefined;
  if (target.kind === 'package' && PURE_PACKAGES.has(target.name)) return undefined;
  return 'the domain is pure: it imports only itself, failure, verify and node:crypto';
}

function keepsWireAtTheEdge(from: Place, target: ImportTarget): string | undefined {
  if (from.kind !== 'service' || from.isTest || WIRE_LAYERS.has(from.layer ?? '')) return undefined;
  const wire = target.kind === 'package' && target.name === 'proto';
  return wire ? 'wire messages stop at rpc, wire, peers, service.ts, main.ts and access.ts' : undefined;
}

function keepsServicesApart(from: Place, target: ImportTarget): string | undefined {
  if (from.kind === 'service') {
    if (target.kind === 'service' && !from.isTest) return 'a service never imports a service';
    if (target.kind === 'program') return `a service never imports ${target.name}`;
  }
  if (from.kind === 'package') {
    // The client is the other side of a service, so that its tests need the real one.
    const isOtherSide = from.workspace === 'packages/client' && from.isTest;
    if (target.kind === 'service' && !isOtherSide) return 'a package never imports a service';
    if (target.kind === 'program') return `a package never imports ${target.name}`;
  }
  return undefined;
}

/** Tests of a package may use any package: testing, which gives them their stores, builds on most of them. */
function followsPackageGraph(from: Place, target: ImportTarget): string | undefined {
  if (from.kind !== 'package' || target.kind !== 'package' || from.isTest) return undefined;
  const allowed = PACKAGE_GRAPH[from.name];
  if (allowed === undefined) return `${from.name} has no line in the package graph of tools/src/boundary-table.ts`;
  if (allowed.includes(target.name) || target.name === from.name) return undefined;
  return allowed.length === 0 ? `${from.name} imports no package` : `${from.name} imports only ${allowed.join(', ')}`;
}

/** What users install with the client is named in its package.json; anything else they would not have. */
function keepsClientInstallable(from: Place, target: ImportTarget): string | undefined {
  if (from.workspace !== 'packages/client' || from.isTest || target.kind !== 'module') return undefined;
  return CLIENT_DEPENDENCIES.has(target.name)
    ? undefined
    : `the client depends only on ${[...CLIENT_DEPENDENCIES].join(', ')}`;
}

/** An example shows what users can do, and they have nothing of ours but the client. */
function keepsExamplesPublic(from: Place, target: ImportTarget): string | undefined {
  if (from.kind !== 'example' || from.isTest) return undefined;
  const ours = target.kind === 'service' || target.kind === 'program' || target.kind === 'package';
  return ours && target.name !== 'client' ? 'an example uses only what is published: @gatehouse/client' : undefined;
}

function staysConfined(from: Place, target: ImportTarget): string | undefined {
  if (target.kind !== 'module') return undefined;
  const confinement = CONFINED.get(target.name);
  return confinement === undefined || confinement.allows(from)
    ? undefined
    : `${target.name} is imported only in ${confinement.where}`;
}

/** An imported process could be renamed, and its environment read without the word. */
function usesGlobalProcess(from: Place, target: ImportTarget): string | undefined {
  const imports = target.kind === 'builtin' && target.name === 'node:process';
  return imports && !mayReadEnvironment(from) ? 'process is used as the global that it is' : undefined;
}
