import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { mount } from '@gatehouse/rpc';
import { startStandIn } from '@gatehouse/testing';

/**
 * An authz service that says yes where `holds` does, if it is asked for what its database says now, or as freshly as the
 * test expects. Only a role could make the real one say yes; in the tests of session the question and the answer are what
 * matters.
 */
export function startAuthz(
  holds: (userId: string, permission: string, ip: string) => boolean,
  freshness: 'fullyConsistent' | 'minimizeLatency' = 'fullyConsistent',
) {
  const service = mount(
    { check: AuthzServiceService.check },
    {
      check: ({ userId, permission, consistency, context }) => ({
        decision:
          consistency?.requirement?.$case === freshness && holds(userId, permission, context?.ip ?? '')
            ? Decision.DECISION_ALLOWED
            : Decision.DECISION_DENIED,
        undetermined: '',
      }),
    },
    { check: { peers: ['session'] } },
  );
  return startStandIn({ name: 'authz', services: [service] });
}
