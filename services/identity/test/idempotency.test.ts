import { createHash, randomUUID } from 'node:crypto';
import { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { changingRpcs, dumpDatabase, outboxEvents } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, PASSWORD, registration, startFixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const once = () => ({ idempotencyKey: randomUUID(), requestId: randomUUID() });
const address = () => `${randomUUID()}@example.com`;

describe('with an idempotency key', () => {
  it('every RPC that changes something is tried here', () => {
    expect(changingRpcs(IdentityServiceService)).toEqual({ keyed: ['RegisterUser'], unkeyed: ['Login'] });
  });

  it('RegisterUser makes one user, and its repetition is told which', async () => {
    const request = registration(address());
    const context = once();
    const first = await fixture.app.registerUser(request, context);
    expect(await fixture.app.registerUser(request, context)).toEqual(first);
    expect(await outboxEvents(fixture.service, context.requestId)).toHaveLength(1);
    await expect(fixture.app.registerUser(request, once())).rejects.toMatchObject({ reason: 'EMAIL_TAKEN' });
  });

  it('calls at once get one answer', async () => {
    const request = registration(address());
    const context = once();
    const answers = await Promise.all(Array.from({ length: 4 }, () => fixture.app.registerUser(request, context)));
    expect(new Set(answers.map(({ user }) => user?.userId)).size).toBe(1);
  });

  it('the same address with another password is another request', async () => {
    const request = registration(address());
    const context = once();
    await fixture.app.registerUser(request, context);
    const other = fixture.app.registerUser({ ...request, password: `${PASSWORD}-other` }, context);
    await expect(other).rejects.toMatchObject({ kind: 'conflict', reason: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('Login is refused, before a password is looked at', async () => {
    const login = { account: { $case: 'email' as const, value: address() }, password: PASSWORD };
    await expect(
      fixture.app.login({ ...login, origin: undefined, withRefreshToken: false }, once()),
    ).rejects.toMatchObject({ kind: 'invalid', reason: 'IDEMPOTENCY_KEY_UNSUPPORTED' });
  });

  it('neither a password nor a plain digest of a request with one is stored', async () => {
    const request = registration(address());
    await fixture.app.registerUser(request, once());
    const dump = await dumpDatabase(fixture.service.database, 'identity');
    expect(dump.tablesWith(request.email)).toContain('identity.idempotency_keys');
    expect(dump.tablesWith(request.password)).toEqual([]);
    const { path, requestSerialize } = IdentityServiceService.registerUser;
    const sha256 = (...parts: (string | Buffer)[]) =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
    expect(dump.tablesWith(sha256(`${path}\0`, requestSerialize(request)))).toEqual([]);
    expect(dump.tablesWith(sha256(request.password))).toEqual([]);
  });
});
