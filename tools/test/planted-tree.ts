import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Root of the repository that these tests stand in. */
export const REPOSITORY = join(import.meta.dirname, '../..');

/** Contents of files by their paths; undefined takes a file away from what is spread before it. */
export type Tree = Readonly<Record<string, string | Uint8Array | undefined>>;

/** Writes a small repository into a folder of its own, which goes when the test ends, or into a given one; answers with its path. */
export async function plantTree(files: Tree, into?: string): Promise<string> {
  const root = into ?? (await temporaryFolder());
  for (const [file, content] of Object.entries(files)) {
    if (content === undefined) continue;
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), content);
  }
  return root;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-tools-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
