import type { FileRegistry } from '@bufbuild/protobuf';
import { type ImplementedRpc, implementedRpcs } from './implemented-rpcs.ts';
import { readObjectKeys, withoutImports } from './object-keys.ts';
import type { Problem } from './problem.ts';
import { findText } from './source-tree.ts';
import { tokenize } from './tokens.ts';

/**
 * Checks that each RPC of a service has its file, its test, and its line in access.ts and service.ts, and that
 * `src/rpc` holds nothing else; `files` are relative to the folder of the service.
 */
export async function checkRpcs(
  root: string,
  registry: FileRegistry,
  service: string,
  files: readonly string[],
): Promise<Problem[]> {
  const folder = `services/${service}`;
  const rpcs = implementedRpcs(registry, service);
  if (rpcs.length === 0) return [{ file: folder, message: `no proto of Gatehouse defines a service for ${service}` }];
  return [
    ...rpcs.flatMap((rpc) => missingFiles(folder, rpc, files)),
    ...extraFiles(folder, rpcs, files),
    ...(await missingKeys(root, `${folder}/src/access.ts`, rpcs, 'says not which peers may call')),
    ...(await missingKeys(root, `${folder}/src/service.ts`, rpcs, 'has no line for')),
  ];
}

function missingFiles(folder: string, { name, fileName }: ImplementedRpc, files: readonly string[]): Problem[] {
  return [`src/rpc/${fileName}.ts`, `test/${fileName}.test.ts`]
    .filter((file) => !files.includes(file))
    .map((file) => ({ file: `${folder}/${file}`, message: `${name} needs this file` }));
}

function extraFiles(folder: string, rpcs: readonly ImplementedRpc[], files: readonly string[]): Problem[] {
  const expected = new Set(rpcs.flatMap(({ fileName }) => [`src/rpc/${fileName}.ts`, `src/rpc/${fileName}.test.ts`]));
  return files
    .filter((file) => file.startsWith('src/rpc/') && !expected.has(file))
    .map((file) => ({ file: `${folder}/${file}`, message: 'is named like no RPC of the service' }));
}

async function missingKeys(
  root: string,
  file: string,
  rpcs: readonly ImplementedRpc[],
  lack: string,
): Promise<Problem[]> {
  const text = await findText(root, file);
  if (text === undefined) return [];
  const keys = readObjectKeys(withoutImports(tokenize(text)));
  return rpcs.filter(({ key }) => !keys.has(key)).map(({ name }) => ({ file, message: `${lack} ${name}` }));
}
