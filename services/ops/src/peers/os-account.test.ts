import { describe, expect, it } from 'vitest';
import { parseAccount, runAs } from './os-account.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\nbroken:x\n';

describe('parseAccount', () => {
  it('finds the ids of an account', () => {
    expect(parseAccount(PASSWD, 'postgres')).toEqual({ name: 'postgres', uid: 101, gid: 104 });
  });

  it.each(['postgre', 'x', '', 'broken'])('does not find "%s"', (name) => {
    expect(parseAccount(PASSWD, name)).toBeUndefined();
  });
});

describe('runAs', () => {
  it('stays as it is when no account is named', () => {
    expect(runAs(undefined)).toMatchObject({ account: { uid: process.getuid?.() }, switches: false });
  });

  it('tells why it can not run as an account that is not there', () => {
    expect(runAs('nobody-has-this-name')).toEqual({
      why: 'GATEHOUSE_OPS_RUN_AS names the account nobody-has-this-name, which /etc/passwd does not hold.',
    });
  });
});
