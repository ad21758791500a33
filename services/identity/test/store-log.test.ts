import { privateDatabase, startPostgres } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, originOf, PASSWORD, registration, startFixture } from './fixture.ts';

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let fixture: Fixture;

beforeAll(async () => {
  // Everything that Postgres can say of an error, read with its own functions.
  postgres = await startPostgres({ settings: { logging_collector: 'on', log_error_verbosity: 'verbose' } });
  fixture = await startFixture({ database: await privateDatabase('identity', postgres) });
});
afterAll(async () => {
  await fixture?.stop();
  await postgres?.stop();
});

const logOf = async () => {
  const [row] = await query<{ log: string }>(postgres.adminUrl, 'select pg_read_file(pg_current_logfile()) as log');
  return row?.log ?? '';
};

describe("Postgres's own log", () => {
  it('holds no address and no name of those who register, sign in, or are refused', async () => {
    const register = (email: string, username = '') =>
      fixture.app.registerUser(registration(email, { username })).then(
        () => 'registered',
        (error: { reason: string }) => error.reason,
      );
    expect(await register('mole@example.com', 'TalpaEuropaea')).toBe('registered');
    expect(await register('Mole@Example.com')).toBe('EMAIL_TAKEN');
    expect(await register('shrew@example.com', 'talpaeuropaea')).toBe('USERNAME_TAKEN');
    const atOnce = await Promise.all([1, 2, 3, 4].map(() => register('vole@example.com', 'Arvicola')));
    expect(atOnce.sort()).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'registered']);
    const account = { $case: 'email' as const, value: 'badger@example.com' };
    const login = fixture.app.login({ account, password: PASSWORD, origin: originOf(''), withRefreshToken: false });
    await expect(login).rejects.toMatchObject({ kind: 'unauthenticated' });

    await expect(query(postgres.adminUrl, `select 'what is logged'::integer`)).rejects.toThrow();
    const log = await logOf();
    expect(log).toContain('what is logged');
    expect(log).not.toMatch(/mole|shrew|vole|badger|talpa|arvicola|duplicate key/i);
  });
});
