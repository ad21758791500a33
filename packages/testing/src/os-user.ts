import { readFileSync } from 'node:fs';

/** An account of the operating system. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root; these accounts are tried in order. */
const ACCOUNTS = ['postgres', 'nobody'];

/** The account that stores run as, or undefined when this process is not root and they run as it does. */
export function storeUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = parseAccounts(readFileSync('/etc/passwd', 'utf8'));
  const user = ACCOUNTS.map((name) => accounts.get(name)).find((account) => account !== undefined);
  if (user === undefined) throw new Error(`Postgres can't run as root, and none of the accounts ${ACCOUNTS} is here.`);
  return user;
}

/** Reads the text of a passwd file. */
export function parseAccounts(text: string): Map<string, OsUser> {
  const accounts = new Map<string, OsUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) accounts.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
