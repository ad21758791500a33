import { describe, expect, it } from 'vitest';
import { parseSettings } from './pgbackrest-settings.ts';

const TEXT = `# repo1-cipher-pass=commented out
[global]
repo1-cipher-pass=first secret
repo2-s3-key = AKIA
repo2-s3-key-secret=second=secret
repo2-storage-ca-file=/not/secret
pg1-user=everyone

[global:backup]
pg9-path=/not/of/the/stanza

[main]
pg1-path=/var/lib/postgresql/15/main
pg2-path=/standby
pg1-user=admin

[other]
pg1-path=/other
pg1-user=other
`;

describe('parseSettings', () => {
  it('finds the data directories and the user of the stanza, and not those of others', () => {
    expect(parseSettings(TEXT, 'main')).toMatchObject({
      dataDirectories: ['/var/lib/postgresql/15/main', '/standby'],
      databaseUser: 'admin',
    });
  });

  it('falls back to what holds for all stanzas', () => {
    expect(parseSettings(TEXT, 'third')).toMatchObject({ dataDirectories: [], databaseUser: 'everyone' });
    expect(parseSettings('', 'third').databaseUser).toBeUndefined();
  });

  it('knows every secret of the file', () => {
    expect(parseSettings(TEXT, 'main').secrets).toEqual(['first secret', 'AKIA', 'second=secret']);
  });
});
