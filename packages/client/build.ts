import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Makes the package that is published: node packages/client/build.ts [--out <folder>]. The folder, dist/ when none is
// given, is the whole package, for `npm publish packages/client/dist`: compiled sources, types, and what they stand on that
// the workspace has in @gatehouse/proto and @gatehouse/verify.

const PACKAGE = import.meta.dirname;
const REPOSITORY = resolve(PACKAGE, '../..');
const GENERATED = join(REPOSITORY, 'proto/gen/ts');
const VERIFY_SOURCES = join(REPOSITORY, 'packages/verify/src');
/** The folders of the package for what is not its own. */
const COMPILED_IN = /^(generated|bundled)\//;
const TSC = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
/** Where a module is imported from: after `from`, `import` or `import(`. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\2/g;
const PROTO = '@gatehouse/proto/';
const VERIFY = '@gatehouse/verify';

const { values } = parseArgs({ options: { out: { type: 'string', default: join(PACKAGE, 'dist') } } });
build(resolve(values.out));

function build(out: string): void {
  const stage = mkdtempSync(join(tmpdir(), 'gatehouse-client-build-'));
  try {
    stageSources(stage);
    clear(out);
    compile(stage, out);
    writeFileSync(join(out, 'package.json'), `${JSON.stringify(published(), undefined, 2)}\n`);
    cpSync(join(PACKAGE, 'README.md'), join(out, 'README.md'));
    cpSync(join(REPOSITORY, 'LICENSE'), join(out, 'LICENSE'));
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** Empties the folder, if it holds what was built before; what somebody else has put there is not ours to remove. */
function clear(out: string): void {
  if (!existsSync(out) || readdirSync(out).length === 0) return;
  const manifest = join(out, 'package.json');
  const { name } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  if (name !== '@gatehouse/client') throw new Error(`${out} holds something else.`);
  rmSync(out, { recursive: true });
}

/** Puts the sources, and every generated file that they need, where they import each other by relative paths. */
function stageSources(stage: string): void {
  symlinkSync(join(REPOSITORY, 'node_modules'), join(stage, 'node_modules'));
  const staged = new Set<string>();
  const put = (file: string, source: string): void => {
    if (staged.has(file)) return;
    staged.add(file);
    const text = readFileSync(source, 'utf8').replace(SPECIFIER, (_all, before, quote, specifier: string) => {
      const ours = compiledIn(specifier);
      if (ours === undefined) return `${before}${quote}${compiledName(specifier)}${quote}`;
      put(ours.file, ours.source);
      const target = relative(dirname(file), ours.file);
      return `${before}${quote}${compiledName(target.startsWith('.') ? target : `./${target}`)}${quote}`;
    });
    // Files that are compiled in import each other by relative paths already.
    for (const [, , , specifier = ''] of readFileSync(source, 'utf8').matchAll(SPECIFIER)) {
      if (!COMPILED_IN.test(file) || !specifier.startsWith('.')) continue;
      put(join(dirname(file), specifier), join(dirname(source), specifier));
    }
    mkdirSync(dirname(join(stage, file)), { recursive: true });
    writeFileSync(join(stage, file), text);
  };
  for (const file of globSync('**/*.ts', { cwd: join(PACKAGE, 'src') })) {
    if (!file.endsWith('.test.ts')) put(file, join(PACKAGE, 'src', file));
  }
}

/** Where a module of ours, which users don't have, lies in the package and in the workspace; undefined for all others. */
function compiledIn(specifier: string): { readonly file: string; readonly source: string } | undefined {
  if (specifier === VERIFY) return { file: 'bundled/verify/index.ts', source: join(VERIFY_SOURCES, 'index.ts') };
  if (!specifier.startsWith(PROTO)) return undefined;
  const path = specifier.slice(PROTO.length);
  return { file: `generated/${path}`, source: join(GENERATED, path) };
}

function compiledName(specifier: string): string {
  return specifier.startsWith('.') ? specifier.replace(/\.ts$/, '.js') : specifier;
}

function compile(stage: string, out: string): void {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    rootDir: '.',
    outDir: out,
    declaration: true,
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: true,
    noEmitOnError: true,
  };
  writeFileSync(join(stage, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(stage, 'tsconfig.json'), JSON.stringify({ compilerOptions, exclude: ['node_modules'] }));
  try {
    execFileSync(process.execPath, [TSC, '-p', stage], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    throw new Error(`The client does not compile:\n${(error as { stdout?: string }).stdout ?? String(error)}`);
  }
}

/** The package.json that users get: it leads to what was compiled. */
function published(): object {
  const {
    private: _private,
    scripts: _scripts,
    devDependencies: _devDependencies,
    exports,
    ...rest
  } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
    private: boolean;
    scripts: object;
    devDependencies: object;
    exports: Record<string, string>;
  };
  const compiled = Object.entries(exports).map(([entry, source]) => {
    const stem = `./${relative('src', source).replace(/\.ts$/, '')}`;
    return [entry, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  return { ...rest, exports: Object.fromEntries(compiled), sideEffects: false };
}
