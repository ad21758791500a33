import { Failure } from '@gatehouse/failure';
import { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAnswer } from '../domain/edge-answer.ts';
import {
  csrfSuspected,
  type EdgeDecision,
  levelTooLow,
  permissionMissing,
  routeMisconfigured,
  tokenRefused,
} from '../domain/edge-decision.ts';
import { headerChanges } from '../domain/edge-headers.ts';
import { parsePolicy } from '../domain/edge-policy.ts';
import { toCheckResponse } from './check-response.ts';

const RUNS = 2_000;
const COOKIE = '__Host-gatehouse_session';

// Empty strings, zeros and missing values above all: they are what the wire leaves out.
const text = fc.oneof(fc.constant(''), fc.string({ maxLength: 40 }));
const session = fc.record({
  userId: text,
  sessionId: text,
  authenticationMethods: fc.array(text, { maxLength: 3 }),
  authenticationLevel: fc.integer({ min: 0, max: 3 }),
});
const policy = fc
  .record({ anonymous: fc.boolean(), tenant: fc.option(fc.stringMatching(/^[a-z]{1,8}$/)) })
  .map(({ anonymous, tenant }) =>
    parsePolicy([
      ['anonymous', anonymous ? 'allow' : 'deny'],
      ...(tenant === null ? [] : [['header.x-tenant', tenant] as const]),
    ]),
  );
const headers = fc.dictionary(
  fc.oneof(fc.constantFrom('cookie', 'authorization', 'x-auth-subject', 'x_auth_level'), text),
  fc.oneof(text, fc.constantFrom(`${COOKIE}=ghs_a`, 'Bearer ghs_a')),
  { maxKeys: 6, noNullPrototype: true },
);
const denial = fc.oneof(
  fc.constantFrom(csrfSuspected(), permissionMissing(), routeMisconfigured(), levelTooLow(2), levelTooLow(3)),
  fc.tuple(text, text).map(([reason, message]) => tokenRefused(new Failure('unauthenticated', reason, message))),
);
const decision: fc.Arbitrary<EdgeDecision> = fc.oneof(
  fc
    .record({ outcome: fc.constant('allowed' as const), session, accessToken: text, policy, headers })
    .map(({ headers: all, ...rest }) => ({ ...rest, changes: headerChanges(all, COOKIE, rest.policy.set) })),
  fc
    .record({ outcome: fc.constant('anonymous' as const), policy, headers })
    .map(({ headers: all, ...rest }) => ({ ...rest, changes: headerChanges(all, COOKIE, rest.policy.setForNobody) })),
  fc.record({ outcome: fc.constant('denied' as const), denial, session: fc.option(session, { nil: undefined }) }),
);

describe('an answer to Envoy', () => {
  it('is never empty: whatever was decided, it says so twice, and both say the same', () => {
    fc.assert(
      fc.property(decision, (decided) => {
        const bytes = CheckResponse.encode(toCheckResponse(toAnswer(decided))).finish();
        const { status, httpResponse } = CheckResponse.decode(bytes);
        expect(status).toBeDefined();
        if (decided.outcome === 'denied') {
          expect(status?.code).toBeGreaterThan(0);
          if (httpResponse?.$case !== 'deniedResponse') throw new Error('It says nothing of a denial.');
          expect([401, 403, 500]).toContain(httpResponse.value.status?.code);
          expect(httpResponse.value.headers.length).toBeGreaterThan(0);
        } else {
          expect(status).toMatchObject({ code: 0, message: 'OK' });
          expect(httpResponse?.$case).toBe('okResponse');
        }
      }),
      propertyRuns(RUNS),
    );
  });

  it('sets no header that it also removes, because Envoy removes last', () => {
    fc.assert(
      fc.property(decision, (decided) => {
        const { httpResponse } = toCheckResponse(toAnswer(decided));
        if (httpResponse?.$case !== 'okResponse') return;
        const { headers: set, headersToRemove } = httpResponse.value;
        expect(set.filter(({ header }) => headersToRemove.includes(header?.key ?? ''))).toEqual([]);
      }),
      propertyRuns(RUNS),
    );
  });

  it('tells nobody an identity header for a request of nobody', () => {
    fc.assert(
      fc.property(decision, (decided) => {
        const answer = toAnswer(decided);
        if (decided.outcome !== 'anonymous' || !answer.allowed) return;
        expect(answer.set.filter(([name]) => name.startsWith('x-auth-'))).toEqual([]);
      }),
      propertyRuns(RUNS),
    );
  });
});
