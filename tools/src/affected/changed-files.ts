import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A change of the whole repository is still named in full. */
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * The files that differ from where this branch left `base` (a branch, tag or commit): committed, staged, edited, removed and
 * new ones, as paths from the root. Throws with what to do when git does not know the base.
 */
export async function changedFiles(root: string, base: string): Promise<string[]> {
  const git = async (...args: string[]) => {
    const { stdout } = await run('git', args, { cwd: root, maxBuffer: OUTPUT_MAX_BYTES });
    return stdout.split('\0').filter((path) => path !== '');
  };
  const fork = await run('git', ['merge-base', base, 'HEAD'], { cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    () => {
      throw new Error(`git knows no ${base} here. Name what to compare with: npm test -- --changed <commit>.`);
    },
  );
  const [tracked, added] = await Promise.all([
    git('diff', '--name-only', '--no-renames', '-z', fork),
    git('ls-files', '--others', '--exclude-standard', '-z'),
  ]);
  return [...new Set([...tracked, ...added])].sort();
}
