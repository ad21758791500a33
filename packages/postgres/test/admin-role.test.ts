import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runOnce } from './scratch-database.ts';
import { useService } from './use-service.ts';

const service = useService();

describe('an admin role', () => {
  const withAdmin = async (attributes: string, work: (adminUrl: string, role: string) => Promise<void>) => {
    const role = `admin_${randomBytes(4).toString('hex')}`;
    await runOnce(service.url, `create role ${role} login ${attributes} password 'admin-password'`);
    const url = new URL(service.url);
    url.username = role;
    url.password = 'admin-password';
    try {
      await work(url.href, role);
    } finally {
      await runOnce(service.url, `reassign owned by ${role} to postgres`);
      await runOnce(service.url, `drop role ${role}`);
    }
  };

  it('that owns the database and may create roles is enough', async () => {
    await withAdmin('createrole', async (adminUrl, role) => {
      await runOnce(service.url, `alter database ${new URL(service.url).pathname.slice(1)} owner to ${role}`);
      expect((await service.run({ adminUrl })).applied).toHaveLength(1);
      expect((await service.run({ adminUrl })).applied).toHaveLength(0);
    });
  });

  it.each(['', 'createrole'])('with only "%s" is told that it is not enough', async (attributes) => {
    await withAdmin(attributes, async (adminUrl) => {
      await expect(service.run({ adminUrl })).rejects.toMatchObject({
        kind: 'denied',
        reason: 'PROVISION_NOT_ALLOWED',
      });
    });
  });
});
