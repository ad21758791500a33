import type { Grant } from '@gatehouse/client/policy';
import { UserGrants } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';

/** Most bytes of users in one answer; the first may have more. */
const BYTES_MAX = 2 * 1024 * 1024;

/** What a user has. */
interface Held {
  readonly userId: string;
  readonly revision: bigint;
  readonly grants: readonly Grant[];
}

/** As many of the users as fit in one answer, and at least one. */
export function toUserGrants(users: readonly Held[]): UserGrants[] {
  const messages: UserGrants[] = [];
  let bytes = 0;
  for (const user of users) {
    const message = toMessage(user);
    bytes += UserGrants.encode(message).finish().length;
    if (messages.length > 0 && bytes > BYTES_MAX) break;
    messages.push(message);
  }
  return messages;
}

function toMessage({ userId, revision, grants }: Held): UserGrants {
  return {
    userId,
    revision,
    grants: grants.map(({ roleId, scope, validFromMs, validUntilMs, condition }) => ({
      roleId,
      scope,
      validFrom: toDate(validFromMs),
      validUntil: toDate(validUntilMs),
      condition: condition?.source ?? '',
    })),
  };
}

/** A limit that is none is not set. */
function toDate(ms: number): Date | undefined {
  return Number.isFinite(ms) ? new Date(ms) : undefined;
}
