import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders that hold nothing written here: what is installed, generated, built, or kept while developing. */
const NOT_OURS = new Set(['node_modules', 'gen', 'dist', '.git', '.gatehouse']);

/**
 * Every file of ours under a folder, as sorted paths relative to the root with forward slashes.
 * A folder that does not exist has no files.
 */
export async function listFiles(root: string, folder = '.'): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readFolder(join(root, folder))) {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && !NOT_OURS.has(entry.name)) files.push(...(await listFiles(root, path)));
  }
  return files.sort();
}

/** Names of the folders directly under a folder, sorted. A folder that does not exist has none. */
export async function listFolders(root: string, folder: string): Promise<string[]> {
  const entries = await readFolder(join(root, folder));
  return entries
    .filter((entry) => entry.isDirectory() && !NOT_OURS.has(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** The text of a file, or undefined when there is none. */
export async function findText(root: string, file: string): Promise<string | undefined> {
  return readFile(join(root, file), 'utf8').catch(absent);
}

async function readFolder(path: string): Promise<Dirent[]> {
  return (await readdir(path, { withFileTypes: true }).catch(absent)) ?? [];
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
