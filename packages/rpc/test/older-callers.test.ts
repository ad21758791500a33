import { CreateRoleRequest } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { UpdateRoleRequest } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { PolicyRole } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { CreateSessionRequest } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { expect, it } from 'vitest';

// TypeScript holds a caller to the fields that it was compiled with, and not to those that came later.
it.each([
  ['CreateRoleRequest', CreateRoleRequest],
  ['UpdateRoleRequest', UpdateRoleRequest],
  ['PolicyRole', PolicyRole],
  ['CreateSessionRequest', CreateSessionRequest],
])('a field that a caller does not know has its default: %s', (_name, codec) => {
  expect(codec.encode({} as never).finish()).toEqual(new Uint8Array());
});
