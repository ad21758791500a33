import type { Denial, EdgeDecision, EdgeSession } from './edge-decision.ts';
import { LEVEL_HEADER, METHODS_HEADER, SESSION_HEADER, SUBJECT_HEADER, TOKEN_HEADER } from './edge-headers.ts';

/** What a proxy is told. Each kind of proxy has its own words for it, and nothing to add. */
export type EdgeAnswer =
  | {
      readonly allowed: true;
      /** Headers that the request gets; they replace every copy that is there. */
      readonly set: readonly Header[];
      /** Names of the headers that the request loses. */
      readonly remove: readonly string[];
      readonly metadata: Metadata;
    }
  | {
      readonly allowed: false;
      readonly status: Denial['status'];
      readonly reason: string;
      /** Headers of the response to the client. */
      readonly headers: readonly Header[];
      readonly body: string;
      readonly metadata: Metadata;
    };

export type Header = readonly [name: string, value: string];

/** What the proxy may log and limit by. */
export type Metadata = Readonly<Record<string, string | number>>;

const REALM = 'gatehouse';
/** What may not stand in a parameter of a challenge (RFC 6750, section 3). */
const NOT_QUOTABLE = /[^ !#-[\]-~]/g;

/** The answer to a request. Every answer of every door is made here. */
export function toAnswer(decision: EdgeDecision): EdgeAnswer {
  switch (decision.outcome) {
    case 'allowed': {
      const { session, accessToken, policy, changes } = decision;
      const permission = policy.permission === undefined ? {} : { permission: policy.permission };
      return {
        allowed: true,
        set: [...identityOf(session), [TOKEN_HEADER, accessToken], ...policy.headers, ...cookieOf(changes.cookie)],
        remove: changes.remove,
        metadata: { decision: 'allowed', ...metadataOf(session), ...permission },
      };
    }
    case 'anonymous':
      return {
        allowed: true,
        set: [...decision.policy.headers, ...cookieOf(decision.changes.cookie)],
        remove: decision.changes.remove,
        metadata: { decision: 'anonymous' },
      };
    case 'denied':
      return refusal(decision.denial, decision.session ? metadataOf(decision.session) : {});
    default:
      return decision satisfies never;
  }
}

function refusal({ status, reason, message, challenge }: Denial, about: Metadata): EdgeAnswer {
  return {
    allowed: false,
    status,
    reason,
    headers: [
      ...(challenge ? [['www-authenticate', challengeText(challenge)] as const] : []),
      ['x-ext-auth-reason', reason],
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ],
    body: `${JSON.stringify({ reason, message })}\n`,
    metadata: { decision: 'denied', reason, ...about },
  };
}

function identityOf(session: EdgeSession): Header[] {
  return [
    [SUBJECT_HEADER, session.userId],
    [SESSION_HEADER, session.sessionId],
    [METHODS_HEADER, session.authenticationMethods.join(' ')],
    [LEVEL_HEADER, String(session.authenticationLevel)],
  ];
}

function cookieOf(cookie: string | undefined): Header[] {
  return cookie === undefined ? [] : [['cookie', cookie]];
}

function metadataOf({ userId, sessionId, authenticationLevel }: EdgeSession): Metadata {
  return { subject: userId, session: sessionId, level: authenticationLevel };
}

function challengeText(parameters: Readonly<Record<string, string>>): string {
  const all = Object.entries({ realm: REALM, ...parameters });
  return `Bearer ${all.map(([name, value]) => `${name}="${value.replaceAll(NOT_QUOTABLE, '')}"`).join(', ')}`;
}
