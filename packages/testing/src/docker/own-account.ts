/**
 * The account, as uid:gid, that a container has to run as for its files to belong to this process. Root needs none: the
 * images then hand their folder to the account they have for it, and root can remove it all the same.
 */
export function ownAccount(): string | undefined {
  const uid = process.getuid?.();
  return uid === undefined || uid === 0 ? undefined : `${uid}:${process.getgid?.()}`;
}
