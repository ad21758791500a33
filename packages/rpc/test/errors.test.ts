import { Failure, type FailureKind } from '@gatehouse/failure';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';

const KINDS: FailureKind[] = [
  'invalid',
  'unauthenticated',
  'denied',
  'missing',
  'taken',
  'conflict',
  'precondition',
  'limited',
  'unavailable',
  'cancelled',
  'deadline',
];

let server: Rig;
let thrown: unknown;

beforeAll(async () => {
  server = await rig({
    validateSession: () => {
      throw thrown;
    },
    createSession: async () => {
      throw thrown;
    },
  });
});
afterAll(() => server.stop());

const validate = () => server.connectAs('app/test', SessionServiceService).validateSession(VALIDATE);
const create = (request: object = {}) =>
  server.connectAs('app/test', SessionServiceService).createSession({ ...CREATE, ...request });

describe('a Failure', () => {
  it.each(KINDS)('of kind %s reaches the caller with its reason, metadata, fields and delay', async (kind) => {
    thrown = new Failure(kind, 'SOME_REASON', 'A sentence.', {
      metadata: { fact: 'value' },
      fields: [{ field: 'origin.city', description: 'is wrong' }],
      retryAfterMs: 1500,
    });
    for (const call of [create, ...(kind === 'unavailable' ? [] : [validate])]) {
      const error = await call().then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(Failure);
      expect(error).toMatchObject({
        kind,
        reason: 'SOME_REASON',
        message: expect.stringContaining('A sentence.'),
        metadata: { fact: 'value' },
        fields: [{ field: 'origin.city', description: 'is wrong' }],
        retryAfterMs: 1500,
      });
    }
  });
});

describe('anything else that is thrown', () => {
  it.each([new Error('hunter2'), 'hunter2', undefined, null])(
    'is INTERNAL and tells nothing of itself: %s',
    async (value) => {
      thrown = value ?? new TypeError('hunter2');
      for (const call of [create, validate]) {
        await expect(call()).rejects.toMatchObject({ name: 'PeerError', message: expect.stringContaining('INTERNAL') });
        const error: Error = await call().then(
          () => new Error('no error'),
          (e) => e,
        );
        expect(JSON.stringify([error.message, String(error.cause)])).not.toContain('hunter2');
      }
    },
  );
});

describe('limits', () => {
  it('name every field that is wrong, by its name in the proto, before the handler runs', async () => {
    thrown = new Error('The handler ran.');
    await expect(
      create({
        userId: CREATE.userId.toUpperCase(),
        authenticationMethods: ['pwd', 'pwd', 'NOT OK'],
        origin: { ipAddress: '1.2.3', userAgent: 'u'.repeat(513), deviceFingerprint: '', countryCode: 'de', city: '' },
        lifetimeSeconds: 4_000_000_000,
      }),
    ).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [
        { field: 'user_id', description: 'UUID: must be a UUID in lower case' },
        { field: 'authentication_methods', description: 'UNIQUE: holds an item twice' },
        { field: 'authentication_methods[2]', description: expect.stringContaining('PATTERN') },
        { field: 'origin.ip_address', description: 'IP: must be an IP address' },
        { field: 'origin.user_agent', description: 'MAX_LEN: must have at most 512 characters' },
        { field: 'origin.country_code', description: expect.stringContaining('PATTERN') },
        { field: 'lifetime_seconds', description: 'LTE: must be at most 31622400' },
      ],
    });
  });

  it('count characters and not bytes or UTF-16 units', async () => {
    thrown = new Failure('missing', 'REACHED', 'The handler ran.');
    const origin = { ipAddress: '', userAgent: '🦉'.repeat(512), deviceFingerprint: '', countryCode: '', city: '' };
    await expect(create({ origin })).rejects.toMatchObject({ reason: 'REACHED' });
    await expect(create({ origin: { ...origin, userAgent: '🦉'.repeat(513) } })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
    });
  });

  it('refuse U+0000 in any string, and a oneof that needs a member and has none', async () => {
    const origin = { ipAddress: '', userAgent: '', deviceFingerprint: '', countryCode: '', city: 'K\0ln' };
    await expect(create({ origin })).rejects.toMatchObject({
      fields: [{ field: 'origin.city', description: 'NUL: must not hold U+0000' }],
    });
    const client = server.connectAs('app/test', SessionServiceService);
    await expect(client.revokeSession({ target: undefined, reason: 1 })).rejects.toMatchObject({
      fields: [{ field: 'target', description: 'REQUIRED: is required' }],
    });
  });

  it('hold in a oneof, and refuse an enum value that nobody knows', async () => {
    const client = server.connectAs('app/test', SessionServiceService);
    await expect(
      client.revokeSession({
        target: { $case: 'sessionId', value: 'x' },
        reason: RevokedReason.REVOKED_REASON_UNSPECIFIED,
      }),
    ).rejects.toMatchObject({
      fields: [{ field: 'session_id' }, { field: 'reason', description: 'REQUIRED: is required' }],
    });
    await expect(client.validateSession({ ...VALIDATE, freshness: 77 as never })).rejects.toMatchObject({
      fields: [{ field: 'freshness', description: 'UNKNOWN_VALUE: is not a known value' }],
    });
  });

  it('refuse a message over the size of the server', async () => {
    await expect(create({ authenticationMethods: ['x'.repeat(300_000)] })).rejects.toMatchObject({ kind: 'limited' });
  });
});
