import { randomBytes } from 'node:crypto';
import { Freshness } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedSession, startSession, tampered, validated } from './harness.ts';

let rig: StartedSession;
const clock = fakeClock();
const { FRESHNESS_STRICT, FRESHNESS_BOUNDED } = Freshness;

beforeAll(async () => {
  rig = await startSession({ clock });
});
afterAll(() => rig.stop());

describe('ValidateSession', () => {
  it.each([
    ['bounded', FRESHNESS_BOUNDED],
    ['strict', FRESHNESS_STRICT],
    ['unspecified', Freshness.FRESHNESS_UNSPECIFIED],
  ])('tells whose session it is (%s)', async (_name, freshness) => {
    const { sessionToken, session } = await rig.create();
    for (let i = 0; i < 3; i++)
      await expect(rig.validate(sessionToken, freshness)).resolves.toEqual(validated(session));
  });

  it.each([FRESHNESS_BOUNDED, FRESHNESS_STRICT])(
    'refuses a tampered token, whether it knows the session or not (%s)',
    async (freshness) => {
      const { sessionToken } = await rig.create();
      await expect(rig.validate(tampered(sessionToken), freshness)).rejects.toMatchObject({
        reason: 'SESSION_TOKEN_INVALID',
      });
      await rig.validate(sessionToken, freshness);
      await expect(rig.validate(tampered(sessionToken), freshness)).rejects.toMatchObject({
        kind: 'unauthenticated',
        reason: 'SESSION_TOKEN_INVALID',
      });
      await expect(rig.validate(sessionToken, freshness)).resolves.toBeDefined();
    },
  );

  it('answers the same for a token of nobody and for what is no token', async () => {
    for (const token of [`ghs_${randomBytes(42).toString('base64url')}`, 'ghs_', 'hello', `ghs_${'!'.repeat(56)}`]) {
      await expect(rig.validate(token)).rejects.toMatchObject({
        kind: 'unauthenticated',
        reason: 'SESSION_TOKEN_INVALID',
        message: expect.stringContaining('The session token is not valid.'),
      });
    }
  });

  it('refuses a session from the moment it ends, from every layer', async () => {
    const { sessionToken } = await rig.create(undefined, 60);
    await rig.validate(sessionToken);
    clock.advance(59_999);
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
    clock.advance(1);
    for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
      await expect(rig.validate(sessionToken, freshness)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    }
    await rig.service.redis.flush();
    await expect(rig.validate(sessionToken, FRESHNESS_STRICT)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    // That it has expired is told only to who holds the token.
    await expect(rig.validate(tampered(sessionToken))).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
  });

  it('finds a session that Redis has lost, and puts it back there', async () => {
    const { sessionToken, session } = await rig.create();
    await rig.service.redis.flush();
    await expect(rig.validate(sessionToken, FRESHNESS_STRICT)).resolves.toEqual(validated(session));
    await expect(rig.validate(sessionToken, FRESHNESS_STRICT)).resolves.toEqual(validated(session));
  });

  it('notes a refusal in the audit trail, with its reason and without the token', async () => {
    const { sessionToken, session } = await rig.create(undefined, 60);
    const requestId = '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab01';
    clock.advance(60_000);
    await rig.validate(sessionToken, FRESHNESS_BOUNDED, { requestId }).catch(() => {});
    const event = await waitFor(async () =>
      (await outboxEvents(rig.service)).find((each) => each.requestId === requestId),
    );
    expect(event).toMatchObject({
      eventType: 'session.refused',
      eventStatus: 2,
      peer: 'app/test',
      sessionId: session.sessionId,
      attributes: { reason: 'SESSION_EXPIRED' },
    });
  });

  it('names a field of the caller that is wrong', async () => {
    const request = { sessionToken: 'x', freshness: FRESHNESS_BOUNDED, consistencyToken: 'x'.repeat(257) };
    await expect(rig.app.validateSession(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'consistency_token' })],
    });
  });
});
