import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@gatehouse/failure';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting, Call } from '@gatehouse/rpc';
import { createAuthority } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig, TRUST_DOMAIN } from './harness.ts';
import { VALIDATE } from './messages.ts';

const REVOKE = { target: { $case: 'sessionToken', value: 'x' }, reason: 1 } as const;

let server: Rig;
let seen: Call | undefined;

const acting: Acting = {
  authenticate: async (token) => {
    if (token === 'down') throw new Failure('unavailable', 'PEER_UNAVAILABLE', 'No answer.');
    if (token !== 'good' && token !== 'weak') throw new Failure('unauthenticated', 'SESSION_EXPIRED', 'Expired.');
    return { userId: token, sessionId: 's' };
  },
  permits: async ({ userId }, permission) => userId === 'good' && permission === 'sessions:revoke',
};

beforeAll(async () => {
  server = await rig(
    {
      validateSession: (_request, call) => {
        seen = call;
        return { session: undefined };
      },
      revokeSession: (_request, call) => {
        seen = call;
        return { revokedAt: undefined, consistencyToken: '' };
      },
    },
    {
      acting,
      access: {
        validateSession: { peers: ['identity', 'edge/*'] },
        revokeSession: { peers: ['operator/*'], acting: { peers: ['app/*'], permission: 'sessions:revoke' } },
      },
    },
  );
});
afterAll(() => server.stop());

const validateAs = (peer: string) => server.connectAs(peer, SessionServiceService).validateSession(VALIDATE);
const revokeAs = (peer: string, sessionToken?: string) =>
  server.connectAs(peer, SessionServiceService).revokeSession(REVOKE, { sessionToken });

describe('a peer', () => {
  it.each(['identity', 'edge/envoy', 'edge/eu/envoy-1'])('that the table names may call: %s', async (peer) => {
    await validateAs(peer);
    expect(seen?.peer).toEqual({ name: peer, address: '127.0.0.1' });
  });

  it.each(['session', 'app/edge', 'edge', 'edgey/envoy', 'identity/x', 'operator/alice'])(
    'that it does not name is refused: %s',
    async (peer) => {
      seen = undefined;
      await expect(validateAs(peer)).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
      expect(seen).toBeUndefined();
    },
  );

  it('has a name of at most 123 characters, which the audit trail can hold', async () => {
    const name = (length: number) => `edge/${'e'.repeat(length - 5)}`;
    await validateAs(name(123));
    expect(seen?.peer.name).toBe(name(123));
    seen = undefined;
    for (const length of [124, 200]) {
      await expect(validateAs(name(length))).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
    }
    expect(seen).toBeUndefined();
  });

  it('whose certificate another authority signed gets no connection', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-rpc-'));
    const authority = await createAuthority({ directory, trustDomain: TRUST_DOMAIN });
    const client = server.connectAs('identity', SessionServiceService, { authority });
    await expect(client.validateSession(VALIDATE)).rejects.toMatchObject({ kind: 'unavailable' });
    rmSync(directory, { recursive: true });
  });

  it('of another trust domain is refused', async () => {
    const elsewhere = await rig({ validateSession: () => ({ session: undefined }) }, { trustDomain: 'other.local' });
    const client = elsewhere.connectAs('identity', SessionServiceService);
    await expect(client.validateSession(VALIDATE)).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PEER_NOT_ALLOWED',
    });
    await elsewhere.stop();
  });

  it('that expected another server does not speak to this one', async () => {
    const client = server.connectAs('identity', SessionServiceService, { serverName: 'audit' });
    await expect(client.validateSession(VALIDATE)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('an acting user', () => {
  it('with the permission may do it through an application, and is known to the handler', async () => {
    await revokeAs('app/admin', 'good');
    expect(seen?.actor).toEqual({ userId: 'good', sessionId: 's' });
  });

  it.each([
    ['is missing', undefined, 'unauthenticated', 'ACTING_USER_REQUIRED'],
    ['has no good session', 'expired', 'unauthenticated', 'SESSION_EXPIRED'],
    ['lacks the permission', 'weak', 'denied', 'PERMISSION_MISSING'],
    ['cannot be recognised now', 'down', 'unavailable', 'PEER_UNAVAILABLE'],
  ])('that %s is refused', async (_what, token, kind, reason) => {
    seen = undefined;
    await expect(revokeAs('app/admin', token)).rejects.toMatchObject({ kind, reason });
    expect(seen).toBeUndefined();
  });

  it('does not help a peer that may not act for users', async () => {
    await expect(revokeAs('edge/envoy', 'good')).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });

  it('is not overlooked where the server lets nobody act, even if the peer could act alone', async () => {
    const alone = await rig(
      { revokeSession: () => ({ revokedAt: undefined, consistencyToken: '' }) },
      { access: { revokeSession: { peers: ['operator/*'], acting: { peers: ['app/*'], permission: 'x:y' } } } },
    );
    const client = alone.connectAs('operator/alice', SessionServiceService);
    await client.revokeSession(REVOKE);
    await expect(client.revokeSession(REVOKE, { sessionToken: 'good' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
    await alone.stop();
  });

  it('is recognised also where the peer could act alone, and a bad token is not overlooked', async () => {
    await revokeAs('operator/alice', 'weak');
    expect(seen?.actor?.userId).toBe('weak');
    await expect(revokeAs('operator/alice', 'expired')).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    await revokeAs('operator/alice');
    expect(seen?.actor).toBeUndefined();
  });
});
