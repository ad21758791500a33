import { randomUUID } from 'node:crypto';
import { SigningKeyState, TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { fakeClock, outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { kidOf, type StartedTokens, startTokens, verifyElsewhere } from './token-rig.ts';

const ADMIN = randomUUID();
const clock = fakeClock();
const { SIGNING_KEY_STATE_PUBLISHED } = SigningKeyState;
let rig: StartedTokens;
let other: StartedTokens;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === ADMIN && permission === 'signing_keys:rotate');
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

describe('RotateSigningKey', () => {
  // Whatever waits to sign does so before the next test begins.
  beforeEach(async () => {
    const [newest] = await rig.list();
    if (newest?.activatesAt && newest.activatesAt > clock.now()) clock.set(newest.activatesAt);
  });

  it('publishes a key that signs no sooner than every verifier can know it', async () => {
    const { signingKey } = await rig.keys.rotateSigningKey({});
    expect(signingKey).toMatchObject({ state: SIGNING_KEY_STATE_PUBLISHED, createdAt: clock.now() });
    const waitSeconds = ((signingKey?.activatesAt?.getTime() ?? 0) - clock.now().getTime()) / 1000;
    expect(waitSeconds).toBe(300 + 60);
    expect((await rig.keySet()).keys.map(({ kid }) => kid)).toContain(signingKey?.kid);
  });

  it('lets the old key sign until then, and the new one from then on, with nothing written', async () => {
    const { sessionToken } = await rig.create();
    const before = await rig.issue(sessionToken);
    const { signingKey } = await rig.keys.rotateSigningKey({});
    const activatesAt = signingKey?.activatesAt?.getTime() ?? 0;
    clock.set(new Date(activatesAt - 1_000));
    expect(kidOf(await rig.issue(sessionToken))).toBe(kidOf(before));
    clock.set(new Date(activatesAt));
    const another = await rig.create();
    for (const each of [rig, other]) {
      const after = await waitFor(async () => {
        const token = await each.issue((await each.create()).sessionToken);
        return kidOf(token) === signingKey?.kid ? token : undefined;
      });
      await expect(verifyElsewhere(after, (await each.keySet()).json, clock.now())).resolves.toBeDefined();
      expect(kidOf(await each.issue(another.sessionToken))).toBe(signingKey?.kid);
    }
  });

  it('keeps the old key in the key set until its last token has ended, whatever the configuration allows', async () => {
    const { sessionToken } = await rig.create();
    const token = await rig.issue(sessionToken);
    const { signingKey } = await rig.keys.rotateSigningKey({});
    const old = (await rig.list()).find(({ kid }) => kid === kidOf(token));
    expect(old?.retiresAt).toEqual(signingKey?.activatesAt);
    const tailSeconds = ((old?.expiresAt?.getTime() ?? 0) - (old?.retiresAt?.getTime() ?? 0)) / 1000;
    expect(tailSeconds).toBe(3_600 + 300 + 60);
    const kids = async () => (await rig.keySet()).keys.map(({ kid }) => kid);
    clock.set(new Date((old?.expiresAt?.getTime() ?? 0) - 1));
    expect(await kids()).toContain(old?.kid);
    clock.advance(1);
    expect(await kids()).not.toContain(old?.kid);
  });

  it('makes no second key while one waits, however often and by whomever it is asked', async () => {
    const before = (await rig.list()).length;
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? rig : other).keys.rotateSigningKey({})),
    );
    expect(new Set(answers.map(({ signingKey }) => signingKey?.kid)).size).toBe(1);
    expect(await rig.list()).toHaveLength(before + 1);
  });

  it('leaves its audit events', async () => {
    const requestId = randomUUID();
    const [old] = await rig.list();
    const { signingKey } = await rig.keys.rotateSigningKey({}, { requestId });
    const events = (await outboxEvents(rig.service)).filter((event) => event.requestId === requestId);
    expect(events).toMatchObject([
      { eventType: 'signing_key.created', actor: 'peer:operator/test', attributes: { kid: signingKey?.kid } },
      { eventType: 'signing_key.rotated', attributes: { kid: old?.kid, successor_kid: signingKey?.kid } },
    ]);
  });

  it('is for operators, and for users of applications who may rotate signing keys', async () => {
    const [admin, stranger] = [await rig.create(ADMIN), await rig.create()];
    await expect(rig.tokens.rotateSigningKey({}, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'signing_keys:rotate' },
    });
    await expect(rig.tokens.rotateSigningKey({})).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    const requestId = randomUUID();
    await rig.tokens.rotateSigningKey({}, { sessionToken: admin.sessionToken, requestId });
    const events = (await outboxEvents(rig.service)).filter((event) => event.requestId === requestId);
    expect(events[0]).toMatchObject({ actor: `user:${ADMIN}`, peer: 'app/test' });
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.rotateSigningKey({})).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});
