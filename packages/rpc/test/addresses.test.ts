import { Failure } from '@gatehouse/failure';
import { type CreateSessionRequest, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE } from './messages.ts';

let server: Rig;
let seen: CreateSessionRequest[] = [];

beforeAll(async () => {
  server = await rig({
    createSession: async (request) => {
      seen.push(request);
      throw new Failure('precondition', 'REACHED', 'The handler was reached.');
    },
  });
});
afterAll(() => server.stop());

/** The address that a handler sees of a request with this one, or why there is none. */
async function addressOf(ipAddress: string): Promise<unknown> {
  seen = [];
  const origin = { ipAddress, userAgent: '', deviceFingerprint: '', countryCode: '', city: '' };
  const client = server.connectAs('identity', SessionServiceService);
  const refusal = await client.createSession({ ...CREATE, origin }).catch((error: unknown) => error);
  const [request] = seen;
  return request ? request.origin?.ipAddress : refusal;
}

describe('an address in a request', () => {
  it.each([
    ['10.9.8.7', '10.9.8.7'],
    ['::ffff:10.9.8.7', '10.9.8.7'],
    ['::FFFF:0A09:0807', '10.9.8.7'],
    ['10.9.8.7:51234', '10.9.8.7'],
    ['[::ffff:10.9.8.7]:443', '10.9.8.7'],
    ['2001:0DB8::0:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', ''],
  ])('is one for whoever handles it: %s is %s', async (given, address) => {
    expect(await addressOf(given)).toBe(address);
  });

  it.each([
    'unknown',
    '10.9.8',
    '10.9.8.7/8',
    '10.9.8.7%eth0',
    '[10.9.8.7]',
    'fe80::1%',
    '/run/app.sock',
    '10.9.8.7\0',
  ])('is refused when it is none: %j', async (given) => {
    expect(await addressOf(given)).toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [{ field: 'origin.ip_address', description: 'IP: must be an IP address' }],
    });
  });
});
