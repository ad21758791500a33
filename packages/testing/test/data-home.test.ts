import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canReach, dataHome, dataHomeElsewhere } from '../src/data-home.ts';

const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
/** An account that owns nothing here. */
const stranger = { name: 'stranger', uid: me.uid + 54_321, gid: me.gid + 54_321 };
const open = mkdtempSync(join(tmpdir(), 'gatehouse-data-home-'));
const closed = join(open, 'closed');
chmodSync(open, 0o755);
mkdirSync(closed, { mode: 0o700 });
afterAll(() => rmSync(open, { recursive: true }));

describe('the home of data', () => {
  it('is the folder itself when the account of the stores can reach it', () => {
    const folder = join(open, 'checkout', '.gatehouse');
    expect(dataHome(folder, stranger)).toBe(folder);
    expect(existsSync(folder)).toBe(true);
  });

  it('is the folder itself when its owner is the account of the stores', () => {
    const folder = join(closed, 'own', '.gatehouse');
    expect(dataHome(folder, { name: 'me', ...me })).toBe(folder);
  });

  it('is elsewhere, always the same place, below a folder that the account can not pass', () => {
    const folder = join(closed, 'checkout', '.gatehouse');
    const elsewhere = dataHome(folder, stranger);
    try {
      expect(elsewhere).toMatch(/^\/var\/tmp\/gatehouse-[0-9a-f]{12}$/);
      expect(elsewhere).toBe(dataHomeElsewhere(folder));
      expect(dataHome(folder, stranger)).toBe(elsewhere);
      expect(canReach(elsewhere, stranger)).toBe(true);
      expect(statSync(elsewhere).uid).toBe(me.uid);
      expect(existsSync(folder)).toBe(false);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('can be reached when new files are private by default', () => {
    const umask = process.umask(0o077);
    try {
      const folder = join(open, 'private', 'checkout', '.gatehouse');
      expect(dataHome(folder, stranger)).toBe(folder);
      expect(canReach(folder, stranger)).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  it('is elsewhere for a link into such a folder as well', () => {
    const link = join(open, 'link');
    symlinkSync(closed, link);
    expect(canReach(join(link, 'checkout'), stranger)).toBe(false);
    expect(dataHomeElsewhere(join(link, 'checkout'))).toBe(dataHomeElsewhere(join(closed, 'checkout')));
  });

  it('is not a link that somebody else may have put there', () => {
    const folder = join(closed, 'trapped', '.gatehouse');
    const elsewhere = dataHomeElsewhere(folder);
    symlinkSync(open, elsewhere);
    try {
      expect(() => dataHome(folder, stranger)).toThrow('belongs to somebody else');
    } finally {
      rmSync(elsewhere);
    }
  });
});

describe('a folder can be reached', () => {
  it.each([
    ['by its owner, by the owner bit alone', 0o700, me.uid, stranger.gid, true],
    ['by its group, by the group bit alone', 0o710, stranger.uid, me.gid, true],
    ['by others, by the last bit alone', 0o701, stranger.uid, stranger.gid, true],
    ['not by others without it', 0o770, stranger.uid, stranger.gid, false],
    ['not by its group without its bit, whatever others may', 0o701, stranger.uid, me.gid, false],
  ])('%s', (_title, mode, uid, gid, expected) => {
    const folder = mkdtempSync(join(open, 'mode-'));
    chmodSync(folder, mode);
    expect(canReach(folder, { name: 'somebody', uid, gid })).toBe(expected);
  });
});
