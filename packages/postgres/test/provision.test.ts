import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { missingMigrations, statement } from '../src/index.ts';
import { openScratch, rowsOf, runOnce, scratchDatabase } from './scratch-database.ts';
import { APP_PASSWORD, OWNER_PASSWORD, useService } from './use-service.ts';

const service = useService();

describe('provision', () => {
  it('makes the roles, the schema and its tables, and is done the second time', async () => {
    const made = await service.run();
    expect(made.applied).toEqual(['0001_create_items.sql']);
    expect(new URL(made.appUrl)).toMatchObject({ username: `gatehouse_${service.name}`, password: APP_PASSWORD });
    expect(new URL(made.ownerUrl)).toMatchObject({
      username: `gatehouse_${service.name}_owner`,
      password: OWNER_PASSWORD,
    });
    await rowsOf(made.appUrl, `insert into ${service.name}.items (id) values (1)`);
    expect(await rowsOf(made.appUrl, `select id from ${service.name}.items`)).toEqual([{ id: 1 }]);
    expect(await service.run()).toEqual({ ...made, applied: [] });
    expect(await rowsOf(made.appUrl, `select id from ${service.name}.items`)).toEqual([{ id: 1 }]);
  });

  it('can be run many times at once', async () => {
    const runs = await Promise.all([service.run(), service.run(), service.run()]);
    expect(runs.flatMap(({ applied }) => applied)).toEqual(['0001_create_items.sql']);
  });

  it('can be run at once in two databases of one server, which share the roles', async () => {
    const other = await scratchDatabase();
    await Promise.all([
      service.run(),
      service.run({ adminUrl: other.url }),
      service.run(),
      service.run({ adminUrl: other.url }),
    ]);
    await other.drop();
  });

  it.each([
    ['made', (role: string) => `create role ${role} login`],
    ['changed', (role: string) => `alter role ${role} password 'one-more-password'`],
  ])('gives way when another database of the server has just %s the role', async (what, command) => {
    const role = `gatehouse_${service.name}`;
    if (what === 'changed') await runOnce(service.url, `create role ${role} login`);
    const db = openScratch(service.adminUrl);
    const provisioned = await db.transaction(async (tx) => {
      await tx.query(statement('test.command', command(role)));
      const provisioning = service.run();
      const blocked = `select from pg_stat_activity
        where application_name = 'gatehouse-provision-${service.name}' and wait_event_type = 'Lock'`;
      await waitFor(async () => (await rowsOf(service.url, blocked)).length > 0);
      return { provisioning };
    });
    const { appUrl } = await provisioned.provisioning;
    await expect(rowsOf(appUrl, 'select 1')).resolves.toHaveLength(1);
    await db.close();
  });

  it('changes the passwords when they are others', async () => {
    const { appUrl } = await service.run();
    const changed = await service.run({ appPassword: 'another-password' });
    await expect(rowsOf(appUrl, 'select 1')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(rowsOf(changed.appUrl, 'select 1')).resolves.toHaveLength(1);
  });

  it('lets the application see which migrations there are', async () => {
    const { appUrl } = await service.run();
    const db = openScratch(appUrl);
    expect(await missingMigrations(db, { schema: service.name, directory: service.folder.directory })).toEqual([]);
    await db.close();
  });

  it('takes a right away that grants.sql does not give any longer', async () => {
    const { appUrl } = await service.run();
    await service.folder.write('../grants.sql', `grant select on ${service.name}.items to gatehouse_${service.name};`);
    await service.run();
    await expect(rowsOf(appUrl, `select id from ${service.name}.items`)).resolves.toEqual([]);
    await expect(rowsOf(appUrl, `insert into ${service.name}.items (id) values (1)`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('keeps the rights as they were when grants.sql is wrong', async () => {
    const { appUrl } = await service.run();
    await service.folder.write(
      '../grants.sql',
      `grant select on ${service.name}.no_such_table to gatehouse_${service.name};`,
    );
    await expect(service.run()).rejects.toMatchObject({ kind: 'precondition', reason: 'GRANTS_FAILED' });
    await expect(rowsOf(appUrl, `insert into ${service.name}.items (id) values (1)`)).resolves.toEqual([]);
  });

  it('says so when there is no grants.sql', async () => {
    await service.folder.remove('../grants.sql');
    await expect(service.run()).rejects.toMatchObject({ kind: 'precondition', reason: 'GRANTS_MISSING' });
  });

  it('refuses a password that clients would not agree on', async () => {
    await expect(service.run({ appPassword: 'pässword' })).rejects.toMatchObject({ reason: 'PASSWORD_NOT_ASCII' });
  });

  it.each(['bad-name', 'Bad', 'x; drop table y', ''])('refuses the service name %j', async (name) => {
    await expect(service.run({ service: name })).rejects.toThrow("can't be the name of a schema");
  });

  it('refuses a role that may do more than log in', async () => {
    await runOnce(service.url, `create role gatehouse_${service.name} superuser`);
    await expect(service.run()).rejects.toMatchObject({ kind: 'precondition', reason: 'ROLE_TOO_POWERFUL' });
  });

  it('refuses a schema that belongs to somebody else', async () => {
    await runOnce(service.url, `create schema ${service.name}`);
    await expect(service.run()).rejects.toMatchObject({ kind: 'precondition', reason: 'SCHEMA_NOT_OWNED' });
  });
});
