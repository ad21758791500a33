import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeScratch } from './scratch-directory.ts';

it('the folders above the scratch root let its owner pass, also when new files are private by default', async () => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-scratch-'));
  chmodSync(home, 0o750);
  const umask = process.umask(0o077);
  try {
    const me = { name: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const mode = (path: string) => statSync(path).mode & 0o777;
    await makeScratch(join(home, 'a', 'b', 'root'), '0190a0a0-0000-7000-8000-00000000000b', me, 'postgres');
    expect([home, join(home, 'a'), join(home, 'a', 'b')].map(mode)).toEqual([0o750, 0o755, 0o755]);
    expect(mode(join(home, 'a', 'b', 'root'))).toBe(0o700);
  } finally {
    process.umask(umask);
    rmSync(home, { recursive: true });
  }
});
