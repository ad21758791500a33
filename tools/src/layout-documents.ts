import type { FileRegistry } from '@bufbuild/protobuf';
import { implementedRpcs } from './implemented-rpcs.ts';
import type { Problem } from './problem.ts';
import { findText, listFolders } from './source-tree.ts';

const ARCHITECTURE = 'docs/architecture.md';
const README_HEADINGS = ['Owns', 'Does not own', 'Calls', 'Called by', 'RPCs'];

/** Checks that the README of each service has its headings and its RPCs, and that the architecture names every part. */
export async function checkDocuments(
  root: string,
  registry: FileRegistry,
  services: readonly string[],
): Promise<Problem[]> {
  const readmes = await Promise.all(services.map((service) => checkReadme(root, registry, service)));
  return [...readmes.flat(), ...(await checkArchitecture(root, services))];
}

async function checkReadme(root: string, registry: FileRegistry, service: string): Promise<Problem[]> {
  const file = `services/${service}/README.md`;
  const text = await findText(root, file);
  if (text === undefined) return [];
  const headings = new Set([...text.matchAll(/^#+ +(.+?)\s*$/gm)].map(([, heading]) => heading));
  return [
    ...README_HEADINGS.filter((heading) => !headings.has(heading)).map((heading) => ({
      file,
      message: `has no heading "${heading}"`,
    })),
    ...implementedRpcs(registry, service)
      .filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(text))
      .map(({ name }) => ({ file, message: `does not name ${name}` })),
  ];
}

async function checkArchitecture(root: string, services: readonly string[]): Promise<Problem[]> {
  const text = await findText(root, ARCHITECTURE);
  if (text === undefined) return [{ file: ARCHITECTURE, message: 'is missing' }];
  const packages = await listFolders(root, 'packages');
  return [...services.map((name) => `services/${name}`), ...packages.map((name) => `packages/${name}`)]
    .filter((folder) => !names(text, folder))
    .map((folder) => ({ file: ARCHITECTURE, message: `does not name ${folder}` }));
}

/** A part is named by its folder, its npm name, or its name set off as a heading, a code word, bold or a table cell. */
function names(text: string, folder: string): boolean {
  const name = folder.split('/')[1] ?? '';
  return new RegExp(`${folder}\\b|@gatehouse/${name}\\b|(?:\`|\\*\\*|^#+ +|\\| *)${name}\\b|^ *${name}/`, 'm').test(
    text,
  );
}
