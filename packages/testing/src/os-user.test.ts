import { expect, it } from 'vitest';
import { parseAccounts } from './os-user.ts';

it('reads accounts, and passes over lines that are none', () => {
  const accounts = parseAccounts(
    'root:x:0:0:root:/root:/bin/bash\n\n# a comment\npostgres:x:101:104:,,,:/var/lib:/bin/sh\n',
  );
  expect([...accounts.keys()]).toEqual(['root', 'postgres']);
  expect(accounts.get('postgres')).toEqual({ name: 'postgres', uid: 101, gid: 104 });
});
