import { refusal } from '@gatehouse/cli/expect';
import { STEPS } from '@gatehouse/cli/flow';
import type { LoginResponse } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { waitFor } from '@gatehouse/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson } from './get-json.ts';
import { type MeshRig, startMeshRig } from './rig.ts';

const BOUND_MS = 1_000;
const GRACE_SECONDS = 5;
const PARALLEL = 8;
const PASSWORD = 'seven violins in an orchard';
const LOGOUT = RevokedReason.REVOKED_REASON_LOGOUT;
const NO_ORIGIN = undefined;

let rig: MeshRig;
/** What an application and an operator ask of each of the two instances. */
let instances: readonly [ReturnType<typeof connect>, ReturnType<typeof connect>];

beforeAll(async () => {
  rig = await startMeshRig({
    instances: { session: 2 },
    env: {
      GATEHOUSE_SESSION_STALENESS_BOUND_MS: String(BOUND_MS),
      GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: String(GRACE_SECONDS),
    },
  });
  instances = [connect(0), connect(1)];
});
afterAll(() => rig.stop());

function connect(instance: number) {
  const address = rig.mesh.address('session', instance);
  const { connectAs } = rig.world;
  const sessions = connectAs('app/shop', 'session', SessionServiceService, address);
  const tokens = connectAs('app/shop', 'session', TokenServiceService, address);
  return {
    sessions,
    tokens,
    keyOperator: connectAs('operator/cli', 'session', TokenServiceService, address),
    validate: (sessionToken: string, consistencyToken = '', freshness: Freshness = Freshness.FRESHNESS_BOUNDED) =>
      sessions.validateSession({ sessionToken, freshness, consistencyToken }),
    refresh: (refreshToken: string) => tokens.refreshSession({ refreshToken, audience: '', origin: NO_ORIGIN }),
    issue: async (sessionToken: string) => (await tokens.issueAccessToken({ sessionToken, audience: '' })).accessToken,
    isActive: async (token: string) => (await tokens.introspectToken({ token, tokenTypeHint: 0 })).active,
    keySet: async () => JSON.parse((await tokens.getJsonWebKeySet({})).json),
  };
}

let users = 0;
/** A user who has registered, and signs in as often as is asked. */
async function signIns(count: number, withRefreshToken = false) {
  const email = `eve.${users++}@example.com`;
  const { identity } = rig.world;
  const { user } = await identity.registerUser({ email, password: PASSWORD, username: '', origin: NO_ORIGIN });
  const account = { $case: 'email' as const, value: email };
  const logins: LoginResponse[] = [];
  for (let i = 0; i < count; i++) {
    logins.push(await identity.login({ account, password: PASSWORD, origin: NO_ORIGIN, withRefreshToken }));
  }
  return { userId: user?.userId ?? '', logins, tokens: logins.map(({ sessionToken }) => sessionToken) };
}

const verify = (token: string, keySet: Parameters<typeof createLocalJWKSet>[0]) =>
  jwtVerify(token, createLocalJWKSet(keySet), { issuer: 'https://gatehouse.local', audience: 'gatehouse' });
const kids = (keySet: { keys: { kid: string }[] }) => keySet.keys.map(({ kid }) => kid).sort();

describe('the flow through all five services', () => {
  // Once with a backup is what `up --verify` does; see up.test.ts.
  it('goes well again and again, also side by side', async () => {
    const steps = STEPS.filter(([name]) => name !== 'backup');
    const runs = await Promise.all([rig.flow(steps), rig.flow(steps)]);
    expect(runs.flat().filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(runs.flat()).toHaveLength(2 * steps.length);
  });
});

describe('two instances of session', () => {
  it('both know a session that identity has created, and refuse it once one of them has revoked it', async () => {
    const [one, two] = instances;
    const { userId, tokens } = await signIns(1);
    const [sessionToken = ''] = tokens;
    for (const each of instances) {
      const { session } = await each.validate(sessionToken);
      expect(session).toMatchObject({ userId, authenticationMethods: ['pwd'], authenticationLevel: 1 });
    }
    const target = { $case: 'sessionToken' as const, value: sessionToken };
    const { consistencyToken } = await one.sessions.revokeSession({ target, reason: LOGOUT });
    const revokedAtMs = performance.now();
    expect(await refusal(two.validate(sessionToken, '', Freshness.FRESHNESS_STRICT))).toBe('SESSION_REVOKED');
    expect(await refusal(two.validate(sessionToken, consistencyToken))).toBe('SESSION_REVOKED');
    expect(await refusal(one.validate(sessionToken))).toBe('SESSION_REVOKED');
    // A validation counts from when it is asked: none that is asked after the bound is accepted.
    let lastAcceptedMs = 0;
    await waitFor(
      async () => {
        const askedMs = performance.now() - revokedAtMs;
        if (await refusal(two.validate(sessionToken))) return true;
        lastAcceptedMs = askedMs;
        return false;
      },
      { everyMs: 1 },
    );
    expect(lastAcceptedMs).toBeLessThanOrEqual(BOUND_MS);
  });

  it('end all sessions of a user but one, whichever of them is asked', async () => {
    const [one, two] = instances;
    const { tokens } = await signIns(3);
    const [kept = '', ...others] = tokens;
    for (const each of instances) for (const token of tokens) await each.validate(token);
    const reason = RevokedReason.REVOKED_REASON_CREDENTIAL_CHANGED;
    const { revokedCount, consistencyToken } = await two.sessions.revokeOtherSessions({ sessionToken: kept, reason });
    expect(revokedCount).toBe(2);
    for (const token of others) expect(await refusal(one.validate(token, consistencyToken))).toBe('SESSION_REVOKED');
    for (const each of instances) await expect(each.validate(kept, consistencyToken)).resolves.toBeDefined();
  });

  it('give the same successor of a refresh token, also at once, and end the session when it is used again', async () => {
    const [one, two] = instances;
    const { userId, logins } = await signIns(1, true);
    const { refreshToken = '', sessionToken = '' } = logins[0] ?? {};
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, (_, i) => (i % 2 ? one : two).refresh(refreshToken)),
    );
    const successors = new Set(answers.map((answer) => answer.refreshToken));
    expect(successors.size).toBe(1);
    expect(successors.has(refreshToken)).toBe(false);
    for (const { accessToken } of answers) {
      const { payload } = await verify(accessToken, await two.keySet());
      expect(payload).toMatchObject({ sub: userId, acr: '1' });
    }
    await expect(one.validate(sessionToken)).resolves.toBeDefined();
    // Until the grace is over it is taken for the same caller's, who has lost the answer.
    await waitFor(async () => (await refusal(two.refresh(refreshToken))) === 'REFRESH_TOKEN_REUSED');
    const [successor = ''] = successors;
    expect(await refusal(one.refresh(successor))).toBe('SESSION_REVOKED');
    expect(await refusal(one.validate(sessionToken, '', Freshness.FRESHNESS_STRICT))).toBe('SESSION_REVOKED');
    expect(await one.isActive(answers[0]?.accessToken ?? '')).toBe(false);
    const reuse = "select user_id from audit.security_audit_log where event_type = 'refresh_token.reused'";
    const event = await waitFor(async () => (await rig.ask<{ user_id: string }>(reuse))[0]);
    expect(event.user_id).toBe(userId);
  });

  it('rotate keys together: tokens are verified before and after, and not once their key is revoked', async () => {
    const [one, two] = instances;
    const { tokens } = await signIns(1);
    const [sessionToken = ''] = tokens;
    const before = await one.issue(sessionToken);
    const first = decodeProtectedHeader(before).kid ?? '';
    await verify(before, await two.keySet());
    const { signingKey } = await two.keyOperator.rotateSigningKey({});
    const second = signingKey?.kid ?? '';
    expect(second).not.toBe(first);
    for (const each of instances) {
      await waitFor(async () => kids(await each.keySet()).join() === [first, second].sort().join());
      await verify(before, await each.keySet());
      expect(await each.isActive(before)).toBe(true);
    }
    // It is published and does not sign yet, so that verifiers learn of it in time.
    expect(decodeProtectedHeader(await two.issue(sessionToken)).kid).toBe(first);

    const { activeKid } = await one.keyOperator.revokeSigningKey({ kid: first, reason: 'A test has lost it.' });
    expect(activeKid).toBe(second);
    for (const each of instances) {
      await waitFor(async () => kids(await each.keySet()).join() === second);
      const after = await waitFor(async () => {
        const token = await each.issue(sessionToken);
        return decodeProtectedHeader(token).kid === second ? token : undefined;
      });
      await verify(after, await one.keySet());
      expect(await each.isActive(after)).toBe(true);
      await waitFor(async () => !(await each.isActive(before)));
      await expect(verify(before, await each.keySet())).rejects.toThrow();
    }
  });

  it('serve the same key set over HTTP', async () => {
    const files = rig.mesh.authority.issueSync('app/shop');
    for (const [instance, { keySet }] of instances.entries()) {
      const url = `https://${rig.mesh.httpAddress('session', instance)}/.well-known/jwks.json`;
      expect(await getJson(url, files)).toEqual(await keySet());
    }
  });
});
