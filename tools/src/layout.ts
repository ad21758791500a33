import type { FileRegistry } from '@bufbuild/protobuf';
import { readDescriptors } from './descriptors.ts';
import { servicesOfContract } from './implemented-rpcs.ts';
import { checkDocuments } from './layout-documents.ts';
import { checkLengths, checkMainLength } from './layout-lengths.ts';
import { checkMigrationNames } from './layout-migrations.ts';
import { checkRpcs } from './layout-rpcs.ts';
import { checkTests } from './layout-tests.ts';
import type { Problem } from './problem.ts';
import { listFiles, listFolders } from './source-tree.ts';

const REQUIRED_FILES = [
  'README.md',
  'package.json',
  'grants.sql',
  'schema.sql',
  ...['main', 'config', 'deps', 'service', 'access', 'events'].map((name) => `src/${name}.ts`),
];
const REQUIRED_FOLDERS = ['src/rpc', 'src/domain', 'src/store'];

/**
 * Checks that every service has the same shape, that each RPC of the contract has its file, its test and its lines, and
 * that the documents name what there is. Throws when the descriptor image has not been generated.
 */
export async function checkLayout(root: string): Promise<Problem[]> {
  const registry = await readDescriptors(root);
  const services = await listFolders(root, 'services');
  const problems = await Promise.all([
    ...services.map((service) => checkService(root, registry, service)),
    checkDocuments(root, registry, services),
    checkLengths(root),
    checkTests(root),
  ]);
  return [...missingServices(registry, services), ...problems.flat()];
}

function missingServices(registry: FileRegistry, services: readonly string[]): Problem[] {
  return servicesOfContract(registry)
    .filter((name) => !services.includes(name))
    .map((name) => ({ file: `services/${name}`, message: `gatehouse.${name} is in the contract and has no folder` }));
}

async function checkService(root: string, registry: FileRegistry, service: string): Promise<Problem[]> {
  const folder = `services/${service}`;
  const files = (await listFiles(root, folder)).map((file) => file.slice(folder.length + 1));
  return [
    ...REQUIRED_FILES.filter((file) => !files.includes(file)).map((file) => missing(`${folder}/${file}`)),
    ...REQUIRED_FOLDERS.filter((name) => !files.some((file) => file.startsWith(`${name}/`))).map((name) =>
      missing(`${folder}/${name}/`),
    ),
    ...checkMigrationNames(folder, files),
    ...(await checkMainLength(root, `${folder}/src/main.ts`)),
    ...(await checkRpcs(root, registry, service, files)),
  ];
}

function missing(file: string): Problem {
  return { file, message: 'every service has it; here it is missing' };
}
