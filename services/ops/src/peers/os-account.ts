import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** An account of the operating system. */
export interface OsAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNTS_FILE = '/etc/passwd';

/** Finds an account by name in the text of a passwd file (passwd(5)). */
export function parseAccount(text: string, name: string): OsAccount | undefined {
  for (const line of text.split('\n')) {
    const [entry, , uid, gid] = line.split(':');
    if (entry === name && uid && gid) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The account as which programs of the cluster run, and whether that takes a change of account. */
export type RunAs =
  | { readonly account: OsAccount; readonly switches: boolean }
  /** Why they can't run as it. */
  | { readonly why: string };

/** Looks the account up by its name; undefined is the one of this process. */
export function runAs(name: string | undefined): RunAs {
  const { username, uid, gid } = userInfo();
  if (name === undefined) return { account: { name: username, uid, gid }, switches: false };
  const account = parseAccount(readFileSync(ACCOUNTS_FILE, 'utf8'), name);
  if (!account) return { why: `GATEHOUSE_OPS_RUN_AS names the account ${name}, which ${ACCOUNTS_FILE} does not hold.` };
  if (account.uid === uid) return { account, switches: false };
  if (uid !== 0) return { why: `Only root can run programs as ${name}, and this process runs as ${username}.` };
  return { account, switches: true };
}
