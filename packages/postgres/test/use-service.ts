import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { type ProvisionOptions, provision } from '../src/index.ts';
import { type MigrationsFolder, migrationsFolder } from './migrations-folder.ts';
import { runOnce } from './scratch-database.ts';
import { type UsedScratch, useScratch } from './use-scratch.ts';

export const OWNER_PASSWORD = 'owner-password';
export const APP_PASSWORD = 'app-password';

/** A service that can be provisioned, new for each test: roles belong to the whole server. */
export interface UsedService {
  readonly url: string;
  readonly adminUrl: string;
  readonly name: string;
  readonly folder: MigrationsFolder;
  run(options?: Partial<ProvisionOptions>): ReturnType<typeof provision>;
}

/** Makes one before each test of the file, with a table that its application may use and one that it may not. */
export function useService(used: UsedScratch = useScratch()): UsedService {
  let folder: MigrationsFolder;
  let name: string;
  beforeEach(async () => {
    name = `demo${randomBytes(4).toString('hex')}`;
    folder = await migrationsFolder({
      '0001_create_items.sql': `
        create table ${name}.items (id integer primary key, note text);
        create table ${name}.secrets (id integer primary key);`,
      '../grants.sql': `grant select, insert on ${name}.items to gatehouse_${name};`,
    });
  });
  afterEach(async () => {
    await folder[Symbol.asyncDispose]();
    await runOnce(used.url, `drop schema if exists ${name} cascade`);
    await runOnce(used.url, `drop role if exists gatehouse_${name}`);
    await runOnce(
      used.url,
      `do $$ begin
        if to_regrole('gatehouse_${name}_owner') is not null then
          drop owned by gatehouse_${name}_owner;
          drop role gatehouse_${name}_owner;
        end if;
      end $$`,
    );
  });
  return {
    get url() {
      return used.url;
    },
    get adminUrl() {
      return used.adminUrl;
    },
    get name() {
      return name;
    },
    get folder() {
      return folder;
    },
    run: (options = {}) =>
      provision({
        adminUrl: used.url,
        service: name,
        directory: folder.directory,
        ownerPassword: OWNER_PASSWORD,
        appPassword: APP_PASSWORD,
        ...options,
      }),
  };
}
