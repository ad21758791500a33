import { randomUUID } from 'node:crypto';
import { compileCondition, type Grant, plainGrant } from '@gatehouse/client/policy';
import { describe, expect, it } from 'vitest';
import { decodeGrants, encodeGrants } from './user-grants.ts';

const condition = compileCondition('request.ip.inCidr("10.0.0.0/8") && resource.name == "Zoë"');
const whole: Grant = {
  roleId: randomUUID(),
  scope: 'tenant/7/project/42',
  validFromMs: -1,
  validUntilMs: Date.parse('9999-12-31T23:59:59.999Z'),
  condition,
};
const parts = Object.keys(whole).filter((name) => name !== 'roleId') as (keyof Grant)[];
/** Every combination of what a grant may have or lack. */
const combinations = Array.from({ length: 2 ** parts.length }, (_, bits): Grant => {
  const lacking = parts.filter((_part, index) => bits & (1 << index));
  const plain = plainGrant(randomUUID());
  return { ...whole, roleId: plain.roleId, ...Object.fromEntries(lacking.map((name) => [name, plain[name]])) };
});

describe('the grants of a user', () => {
  it.each([0, 1, 16])('come back as they were (%s of them)', (count) => {
    const held = { grants: combinations.slice(0, count), modelRevision: 2n ** 62n };
    expect(decodeGrants(encodeGrants(held))).toEqual(held);
  });

  it('come back with the same condition, so that it is compiled once', () => {
    const held = decodeGrants(encodeGrants({ grants: [whole], modelRevision: 1n }));
    expect(held.grants[0]?.condition).toBe(condition);
  });

  it('take seventeen bytes when they hold everywhere and always', () => {
    const empty = encodeGrants({ grants: [], modelRevision: 1n }).length;
    expect(encodeGrants({ grants: [plainGrant(randomUUID())], modelRevision: 1n }).length - empty).toBe(17);
  });

  it('are not read from bytes that are cut off, or of another format', () => {
    const bytes = encodeGrants({ grants: [whole], modelRevision: 1n });
    for (let length = 0; length < bytes.length; length += 1) {
      // Nothing but the header is a user without grants.
      if (length === 9) continue;
      expect(() => decodeGrants(bytes.subarray(0, length))).toThrow();
    }
    expect(() => decodeGrants(Buffer.concat([Buffer.of(1), bytes.subarray(1)]))).toThrow('unknown format');
  });

  it('with a condition that nobody can compile are never known to hold', () => {
    const bytes = encodeGrants({
      grants: [{ ...whole, condition: { ...condition, source: 'not (a condition' } }],
      modelRevision: 1n,
    });
    const [grant] = decodeGrants(bytes).grants;
    expect(grant?.condition?.evaluate({} as never)).toMatchObject({ outcome: 'undetermined' });
  });
});
