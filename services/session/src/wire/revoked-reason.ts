import { Failure } from '@gatehouse/failure';
import { RevokedReason as Reason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { RevokedReason } from '../domain/session.ts';

/** The reasons that a caller may give; the others are the service's own. */
const GIVEN: Partial<Record<Reason, RevokedReason>> = {
  [Reason.REVOKED_REASON_LOGOUT]: 'logout',
  [Reason.REVOKED_REASON_ADMINISTRATIVE]: 'administrative',
  [Reason.REVOKED_REASON_COMPROMISED]: 'compromised',
  [Reason.REVOKED_REASON_CREDENTIAL_CHANGED]: 'credential_changed',
  [Reason.REVOKED_REASON_USER_DISABLED]: 'user_disabled',
};

/** The reason that a caller gives. Throws Failure `invalid` FIELD_INVALID for one that only the service gives. */
export function toRevokedReason(reason: Reason): RevokedReason {
  const known = GIVEN[reason];
  if (known) return known;
  throw new Failure('invalid', 'FIELD_INVALID', 'The reason is one that only the service itself gives.', {
    fields: [{ field: 'reason', description: 'is not a reason that a caller may give' }],
  });
}
