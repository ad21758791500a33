import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A program that stands for pgBackRest where a test needs one that takes as long, or fails in the way, that the test
 * says. What it was called with is in `calls`; while there is a file `hold` a backup goes on; `fail-<command>` holds the
 * exit code and what is said on standard error.
 */
const PROGRAM = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
fail() {
  [ -e "$here/fail-$1" ] || return 0
  tail -n +2 "$here/fail-$1" >&2
  exit "$(head -n 1 "$here/fail-$1")"
}
fail "$1"
case "$1" in
  info)
    cat "$here/info.json" ;;
  backup)
    if [ -e "$here/lock" ] && kill -0 "$(cat "$here/lock")" 2>/dev/null; then
      echo "ERROR: [050]: unable to acquire lock on file '$here/lock'" >&2
      exit 50
    fi
    echo $$ > "$here/lock"
    while [ -e "$here/hold" ]; do sleep 0.05; done
    for word in "$@"; do
      case "$word" in --annotation=gatehouse-backup-id=*) id=\${word##*=} ;; esac
    done
    sed "s/BACKUP_ID/$id/" "$here/made.json" > "$here/info.json.new"
    mv "$here/info.json.new" "$here/info.json" ;;
esac
`;

export interface FakePgBackRest {
  readonly directory: string;
  readonly env: Record<string, string>;
  /** The commands that it was called with, one line each. */
  calls(): string[];
  /** Makes backups go on until `release`. */
  hold(): void;
  release(): void;
  /** Makes a command fail, or with undefined succeed again. */
  fail(command: 'info' | 'backup', how: { exitCode: number; says: string } | undefined): void;
  /** What the repository lists of a backup that is made from now on: nothing, or what it says over the usual. */
  make(backup: Record<string, unknown> | undefined): void;
  remove(): void;
}

export const LABEL = '20300101-120000F';

export function fakePgBackRest(): FakePgBackRest {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-fake-pgbackrest-'));
  const at = (name: string) => join(directory, name);
  writeFileSync(at('pgbackrest'), PROGRAM);
  chmodSync(at('pgbackrest'), 0o755);
  writeFileSync(
    at('pgbackrest.conf'),
    `[global]\nrepo1-cipher-pass=correct horse\n[gatehouse]\npg1-path=${at('data')}\n`,
  );
  writeFileSync(at('info.json'), info([]));
  writeFileSync(at('made.json'), info([madeBackup()]));
  return {
    directory,
    env: {
      GATEHOUSE_OPS_PGBACKREST_CONFIG: at('pgbackrest.conf'),
      GATEHOUSE_OPS_PGBACKREST_BIN: at('pgbackrest'),
      GATEHOUSE_OPS_SCRATCH_DIRECTORY: at('scratch'),
    },
    calls: () => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : []),
    hold: () => writeFileSync(at('hold'), ''),
    release: () => rmSync(at('hold'), { force: true }),
    fail: (command, how) => {
      rmSync(at(`fail-${command}`), { force: true });
      if (how) writeFileSync(at(`fail-${command}`), `${how.exitCode}\n${how.says}\n`);
    },
    make: (backup) => writeFileSync(at('made.json'), info(backup ? [{ ...madeBackup(), ...backup }] : [])),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function info(backup: unknown[]): string {
  const status = { code: 0, message: 'ok' };
  const repo = [{ key: 1, status }];
  return JSON.stringify([{ name: 'gatehouse', status, repo, backup, archive: [] }]);
}

function madeBackup() {
  return {
    label: LABEL,
    type: 'full',
    reference: null,
    annotation: { 'gatehouse-backup-id': 'BACKUP_ID' },
    archive: { start: '000000010000000000000002', stop: '000000010000000000000003' },
    database: { id: 1, 'repo-key': 1 },
    info: { size: 4000, delta: 4000, repository: { size: 1000, delta: 1000 } },
    lsn: { start: '0/2000028', stop: '0/3000100' },
    timestamp: { start: 1_893_499_200, stop: 1_893_499_202 },
  };
}
