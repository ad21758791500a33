import type { RoleExclusion as ExclusionMessage } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { RoleExclusion } from '../domain/exclusion.ts';

/** An exclusion as callers see it. */
export function toExclusionMessage({ createdBy = '', ...rest }: RoleExclusion): ExclusionMessage {
  return { ...rest, createdBy };
}
