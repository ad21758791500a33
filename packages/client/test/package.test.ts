import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandIn, startStandIn } from './stand-in.ts';

const PACKAGE = resolve(import.meta.dirname, '..');
const REPOSITORY = resolve(PACKAGE, '../..');
const MODULES = join(REPOSITORY, 'node_modules');
const DEPENDENCIES = ['@bufbuild/protobuf', '@grpc/grpc-js', '@marcbachmann/cel-js', 'jose', 'yaml'];

let folder: string;
let server: StandIn;

/** A project in which the packed package is installed, with nothing besides it but what is named. */
function project(name: string, modules: readonly string[]): string {
  const root = join(folder, name);
  const installed = join(root, 'node_modules/@gatehouse/client');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  execFileSync('tar', ['-xzf', join(folder, 'client.tgz'), '-C', installed, '--strip-components=1']);
  for (const module of modules) {
    mkdirSync(dirname(join(root, 'node_modules', module)), { recursive: true });
    symlinkSync(join(MODULES, module), join(root, 'node_modules', module));
  }
  return root;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-package-'));
  execFileSync(process.execPath, [join(PACKAGE, 'build.ts'), '--out', join(folder, 'dist')]);
  const packed = execFileSync('npm', ['pack', '--pack-destination', folder, '--ignore-scripts', '--offline'], {
    cwd: join(folder, 'dist'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  execFileSync('mv', [join(folder, packed.trim()), join(folder, 'client.tgz')]);
  server = await startStandIn();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('the package', () => {
  it('names its dependencies with the versions of this repository, and no others', () => {
    const { dependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
    const manifest = JSON.parse(readFileSync(join(folder, 'dist/package.json'), 'utf8'));
    expect(manifest.dependencies).toEqual(Object.fromEntries(DEPENDENCIES.map((name) => [name, dependencies[name]])));
    expect(manifest.private).toBeUndefined();
  });

  it('holds nothing but compiled code, types and its documents', () => {
    const files = readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    const names = files.map(({ name }) => name).filter((name) => !/\.(?:js|d\.ts)$/.test(name));
    expect(names.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(files.filter(({ name }) => name.includes('.test.'))).toEqual([]);
  });

  it('works where nothing is installed but its dependencies', async () => {
    const root = project('script', DEPENDENCIES);
    writeFileSync(
      join(root, 'index.js'),
      `import { connectGatehouse, isRefusal } from '@gatehouse/client';
       import { createAccessTokenVerifier } from '@gatehouse/client/verify';
       const [address, token] = process.argv.slice(2);
       const client = connectGatehouse({ session: { address }, tls: 'plaintext-loopback' });
       const { userId } = await client.sessions.validate(token);
       const refused = await client.sessions.validate(token + 'x').catch(isRefusal);
       client.close();
       console.log(userId, refused, typeof createAccessTokenVerifier);`,
    );
    const { token, session } = server.add();
    const { promise, resolve: ended } = Promise.withResolvers<string>();
    execFile(process.execPath, ['index.js', server.address, token], { cwd: root }, (error, out, err) =>
      ended(out + err + (error ?? '')),
    );
    expect((await promise).trim()).toBe(`${session.userId} true function`);
  });

  it('has types that hold what its README shows', () => {
    const root = project('types', [...DEPENDENCIES, '@types/node', '@types/express', 'express', 'fastify']);
    const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
    expect(examples).toHaveLength(5);
    for (const [index, code] of examples.entries()) writeFileSync(join(root, `example-${index}.ts`), code);
    const wrong = `import { connectGatehouse } from '@gatehouse/client';\nconnectGatehouse({ session: {}, tls: 7 });\n`;
    writeFileSync(join(root, 'wrong.ts'), wrong);
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: ['node'],
      rootDir: '.',
    };
    writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const { stdout } = spawnSync(process.execPath, [join(MODULES, 'typescript/bin/tsc'), '-p', root], {
      encoding: 'utf8',
    });
    const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
    expect(errors.filter((line) => !line.includes('wrong.ts'))).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
  });
});
