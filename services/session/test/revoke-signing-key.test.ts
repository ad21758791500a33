import { randomUUID } from 'node:crypto';
import { SigningKeyState, TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { fakeClock, outboxEvents, waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { kidOf, type StartedTokens, startTokens, verifyElsewhere } from './token-rig.ts';

const ADMIN = randomUUID();
const clock = fakeClock();
const { SIGNING_KEY_STATE_ACTIVE, SIGNING_KEY_STATE_REVOKED } = SigningKeyState;
let rig: StartedTokens;
let other: StartedTokens;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === ADMIN && permission === 'signing_keys:revoke');
  const env = { GATEHOUSE_AUTHZ_ADDRESS: authz.address };
  rig = await startTokens({ clock, env });
  other = await startTokens({
    clock,
    env,
    database: rig.service.database,
    redis: rig.service.redis,
    instance: 'other',
  });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
  await authz.stop();
});

const activeKid = async () => (await rig.list()).find(({ state }) => state === SIGNING_KEY_STATE_ACTIVE)?.kid ?? '';
const kids = async (each: StartedTokens) => (await each.keySet()).keys.map(({ kid }) => kid);
const revoke = (kid: string) => rig.keys.revokeSigningKey({ kid, reason: 'it was seen in a log' });

describe('RevokeSigningKey', () => {
  it('takes the active key out of the key set at once; a new one is made, and signs', async () => {
    const { sessionToken } = await rig.create();
    const before = await rig.issue(sessionToken);
    const kid = kidOf(before) ?? '';
    const answer = await revoke(kid);
    expect(answer).toEqual({ revokedAt: clock.now(), activeKid: expect.not.stringMatching(kid) });
    expect(await kids(rig)).toEqual([answer.activeKid]);
    await waitFor(async () => !(await kids(other)).includes(kid));
    const after = await rig.issue(sessionToken);
    expect(kidOf(after)).toBe(answer.activeKid);
    const { json } = await rig.keySet();
    await expect(verifyElsewhere(after, json, clock.now())).resolves.toBeDefined();
    await expect(verifyElsewhere(before, json, clock.now())).rejects.toThrow(/no applicable key/);
    await expect(rig.introspect(before)).resolves.toMatchObject({ active: false });
    await expect(rig.introspect(after)).resolves.toMatchObject({ active: true });
  });

  it('lets the key that waits sign at once, without another one', async () => {
    const active = await activeKid();
    const { signingKey: waiting } = await rig.keys.rotateSigningKey({});
    const before = (await rig.list()).length;
    await expect(revoke(active)).resolves.toMatchObject({ activeKid: waiting?.kid });
    expect(await rig.list()).toHaveLength(before);
    expect((await rig.list()).find(({ kid }) => kid === waiting?.kid)).toMatchObject({
      state: SIGNING_KEY_STATE_ACTIVE,
      activatesAt: clock.now(),
      retiresAt: undefined,
    });
    expect(kidOf(await rig.issue((await rig.create()).sessionToken))).toBe(waiting?.kid);
  });

  it('of the key that waits lets the active one go on for good', async () => {
    const active = await activeKid();
    const { signingKey: waiting } = await rig.keys.rotateSigningKey({});
    await expect(revoke(waiting?.kid ?? '')).resolves.toMatchObject({ activeKid: active });
    clock.set(new Date((waiting?.activatesAt?.getTime() ?? 0) + 60_000));
    expect(await activeKid()).toBe(active);
    expect(kidOf(await rig.issue((await rig.create()).sessionToken))).toBe(active);
  });

  it('of a key that is retired leaves the active one alone', async () => {
    const retired = await activeKid();
    const { signingKey } = await rig.keys.rotateSigningKey({});
    clock.set(signingKey?.activatesAt ?? new Date());
    await expect(revoke(retired)).resolves.toMatchObject({ activeKid: signingKey?.kid });
    expect(await kids(rig)).not.toContain(retired);
  });

  it('again changes nothing and answers as the first time, also at once', async () => {
    const kid = await activeKid();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) => (i % 2 ? rig : other).keys.revokeSigningKey({ kid, reason: `${i}` })),
    );
    clock.advance(1_000);
    answers.push(await revoke(kid));
    expect(new Set(answers.map(({ revokedAt }) => revokedAt?.getTime())).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.activeKid)).size).toBe(1);
    const events = (await outboxEvents(rig.service)).filter(({ eventType }) => eventType === 'signing_key.revoked');
    expect(events.filter(({ attributes }) => attributes.kid === kid)).toHaveLength(1);
  });

  it('destroys the private half, and leaves its audit event with the reason', async () => {
    const kid = await activeKid();
    const requestId = randomUUID();
    await rig.keys.revokeSigningKey({ kid, reason: 'a laptop is gone' }, { requestId });
    const rows = await query(
      rig.service.database.adminUrl,
      'select octet_length(private_key_sealed) as length, revoked_reason from session.signing_keys where kid = $1',
      [kid],
    );
    expect(rows).toEqual([{ length: 0, revoked_reason: 'a laptop is gone' }]);
    const events = (await outboxEvents(rig.service)).filter((event) => event.requestId === requestId);
    expect(events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ eventType: 'signing_key.revoked', attributes: { kid, reason: 'a laptop is gone' } }),
      ]),
    );
    expect((await rig.list()).find((key) => key.kid === kid)?.state).toBe(SIGNING_KEY_STATE_REVOKED);
  });

  it('takes tokens out of use that are kept to be given out again', async () => {
    const { sessionToken } = await rig.create();
    for (const each of [rig, other]) await each.issue(sessionToken);
    const kid = await activeKid();
    await revoke(kid);
    expect(kidOf(await rig.issue(sessionToken))).not.toBe(kid);
    await waitFor(async () => kidOf(await other.issue(sessionToken)) !== kid);
  });

  it('says when there is no such key', async () => {
    await expect(revoke('A'.repeat(43))).rejects.toMatchObject({ kind: 'missing', reason: 'SIGNING_KEY_NOT_FOUND' });
    for (const kid of ['', 'a b', 'x'.repeat(65)]) {
      await expect(revoke(kid)).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
    }
  });

  it('is for operators, and for users of applications who may revoke signing keys', async () => {
    const [admin, stranger] = [await rig.create(ADMIN), await rig.create()];
    const request = { kid: await activeKid(), reason: '' };
    await expect(rig.tokens.revokeSigningKey(request, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'signing_keys:revoke' },
    });
    await expect(rig.tokens.revokeSigningKey(request)).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    await expect(rig.tokens.revokeSigningKey(request, { sessionToken: admin.sessionToken })).resolves.toMatchObject({
      revokedAt: clock.now(),
    });
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.revokeSigningKey({ kid: 'x', reason: '' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });
});
