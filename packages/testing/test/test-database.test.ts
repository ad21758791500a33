import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../src/index.ts';
import { servicesWithMigrations } from '../src/templates.ts';
import { query } from './query.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const services = servicesWithMigrations(root);

describe.each(services)('the test database of $service', ({ service, directory }) => {
  it('has every migration, and a role that may use it but change nothing about it', async () => {
    await using database = await createTestDatabase(service);
    const applied = await query<{ name: string }>(database.ownerUrl, `select name from ${service}.schema_migrations`);
    expect(applied).toHaveLength(readdirSync(directory).filter((file) => file.endsWith('.sql')).length);
    await expect(query(database.url, `create table ${service}.intruder ()`)).rejects.toThrow();
    await expect(query(database.url, 'create temporary table intruder ()')).rejects.toThrow();
    expect(await query(database.url, 'select current_user::text as name')).toEqual([{ name: `gatehouse_${service}` }]);
  });
});

it('no two test databases share a row, and a dropped one is gone, connections or not', async () => {
  const [{ service } = { service: '' }] = services;
  await using kept = await createTestDatabase(service);
  const other = await createTestDatabase(service);
  await query(other.ownerUrl, `create table ${service}.mine ()`);
  expect(await query(kept.ownerUrl, `select to_regclass('${service}.mine')::text as found`)).toEqual([{ found: null }]);
  await other.drop();
  await other.drop();
  const names = await query(kept.adminUrl, `select datname from pg_database where datname = '${other.name}'`);
  expect(names).toEqual([]);
});

it('a service without migrations is refused by name', async () => {
  await expect(createTestDatabase('weather')).rejects.toThrow('The service weather has no migrations');
});
