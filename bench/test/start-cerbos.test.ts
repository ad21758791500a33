import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startCerbos } from '../src/peers/start-cerbos.ts';

const UNPINNED = { pin: undefined, profiles: undefined };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-cerbos-test-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A peer whose program is this shell script. */
async function peerOf(script: string) {
  await writeFile(join(folder, `cerbos-${platform()}-${arch()}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { folderOf: () => folder };
}

/** Folders that were made and not removed. */
async function leftBehind(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('gatehouse-bench-cerbos-'));
}

describe('a Cerbos that does not start', () => {
  it('is told with what it printed, and leaves nothing', async () => {
    const peer = await peerOf('echo "no such policy"; exit 1');
    await expect(startCerbos(peer, UNPINNED, new AbortController().signal)).rejects.toThrow('no such policy');
    expect(await leftBehind()).toEqual([]);
  });

  it('is not waited for when the run is stopped', async () => {
    const stopping = new AbortController();
    const starting = startCerbos(await peerOf('exec sleep 60'), UNPINNED, stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(starting).rejects.toThrow('stopped');
    expect(await leftBehind()).toEqual([]);
  });

  it('leaves nothing when it is not even there', async () => {
    const nowhere = { folderOf: () => join(folder, 'nowhere') };
    await expect(startCerbos(nowhere, UNPINNED, new AbortController().signal)).rejects.toThrow('ENOENT');
    expect(await leftBehind()).toEqual([]);
  });
});
