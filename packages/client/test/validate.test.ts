import { waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatehouseClient, isRefusal } from '../src/index.ts';
import { type Mesh, startMesh } from './service.ts';

let mesh: Mesh;
let client: GatehouseClient;

beforeAll(async () => {
  mesh = await startMesh({ instances: 2 });
  client = mesh.connect();
});
afterAll(() => mesh.stop());

/** Until sessions may be answered from memory. */
const current = (of = client) => waitFor(() => of.sessions.statistics().isCurrent);

describe('sessions.validate', () => {
  it('tells whose session a token proves', async () => {
    const { token, sessionId, userId } = await mesh.createSession();
    const session = await client.sessions.validate(token);
    expect(session).toMatchObject({ sessionId, userId, authenticationMethods: ['pwd'], authenticationLevel: 1 });
    expect(session.expiresAtMs).toBeGreaterThan(Date.now());
    expect(Object.isFrozen(session) && Object.isFrozen(session.authenticationMethods)).toBe(true);
  });

  it('answers from memory once the watch is heard, without a promise', async () => {
    const { token, sessionId } = await mesh.createSession();
    expect(client.sessions.peek(token)).toBeUndefined();
    await client.sessions.validate(token);
    await current();
    const session = await client.sessions.validate(token);
    const { batches, hits } = client.sessions.statistics();
    expect(client.sessions.peek(token)).toBe(session);
    expect(await client.sessions.validate(token)).toBe(session);
    expect(client.sessions.statistics()).toMatchObject({ batches, hits: hits + 2 });
    expect(session.sessionId).toBe(sessionId);
  });

  it('hears of a revocation by the other instance', async () => {
    const { token, sessionId } = await mesh.createSession();
    await current();
    await client.sessions.validate(token);
    expect(client.sessions.peek(token)).toBeDefined();
    const operator = mesh.connect({ cache: { maxEntries: 0 } });
    await operator.sessions.revoke({ token }, 'compromised');
    await waitFor(() => client.sessions.peek(token) === undefined);
    const refused = await client.sessions.validate(token).catch((error: unknown) => error);
    expect(isRefusal(refused)).toBe(true);
    expect(refused).toMatchObject({ reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'compromised' } });
    expect(sessionId).not.toBe('');
  });
});
