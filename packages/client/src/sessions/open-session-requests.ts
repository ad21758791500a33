import {
  type CreateSessionResponse,
  type ElevateSessionResponse,
  type Presence as PresenceMessage,
  SessionServiceService as rpcs,
  type SessionSearch as SearchMessage,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Channel } from '../channel/open-channel.ts';
import { withDefaults } from '../channel/with-defaults.ts';
import type { Validator } from './open-validator.ts';
import { toReasonMessage } from './revoked-reason.ts';
import { toOriginMessage, toSessionInfo } from './session-info.ts';
import type { IssuedSession, Presence, SessionRequests, SessionSearch } from './session-requests.ts';
import { invalidResponse } from './validated-session.ts';

/** The RPCs about sessions. What they change is forgotten here at once, without waiting for the watch to tell. */
export function openSessionRequests(channel: Channel, validator: Validator): SessionRequests {
  const { memory } = validator;
  return {
    async create({ origin, authenticationMethods, ...session }, options) {
      const request = {
        ...withDefaults(NEW_SESSION, session),
        authenticationMethods: [...authenticationMethods],
        origin: origin && toOriginMessage(origin),
      };
      const response = await channel.call(rpcs.createSession, request, options);
      for (const sessionId of response.revokedSessionIds) memory.forget(sessionId);
      return { ...toIssued(response), revokedSessionIds: response.revokedSessionIds };
    },
    async elevate(sessionToken, { authenticationMethods, authenticationLevel, origin }, options) {
      const request = {
        sessionToken,
        authenticationMethods: [...authenticationMethods],
        authenticationLevel,
        origin: origin && toOriginMessage(origin),
      };
      const response = await channel.call(rpcs.elevateSession, request, options);
      validator.forgetToken(sessionToken);
      return toIssued(response);
    },
    async extend(sessionToken, { lifetimeSeconds = 0 } = {}, options) {
      const response = await channel.call(rpcs.extendSession, { sessionToken, lifetimeSeconds }, options);
      validator.forgetToken(sessionToken);
      return { session: toSessionInfo(response.session), consistencyToken: response.consistencyToken };
    },
    async list(request, options) {
      const defaults = { deviceFingerprint: '', includeEnded: false, ...FIRST_PAGE };
      return toPage(await channel.call(rpcs.listSessions, withDefaults(defaults, request), options));
    },
    async revoke(target, reason, options) {
      const request = {
        target:
          'token' in target
            ? ({ $case: 'sessionToken', value: target.token } as const)
            : ({ $case: 'sessionId', value: target.sessionId } as const),
        reason: toReasonMessage(reason),
      };
      const { revokedAt, consistencyToken } = await channel.call(rpcs.revokeSession, request, options);
      if ('token' in target) validator.forgetToken(target.token);
      else memory.forget(target.sessionId);
      validator.sealSent();
      if (!revokedAt) throw invalidResponse();
      return { revokedAtMs: revokedAt.getTime(), consistencyToken };
    },
    async revokeOthers(sessionToken, reason, options) {
      const known = validator.peek(sessionToken);
      const request = { sessionToken, reason: toReasonMessage(reason) };
      const response = await channel.call(rpcs.revokeOtherSessions, request, options);
      if (known) memory.forgetUser(known.userId);
      else memory.reset();
      validator.sealSent();
      return response;
    },
    async revokeUser(userId, reason, options) {
      const response = await channel.call(
        rpcs.revokeUserSessions,
        { userId, reason: toReasonMessage(reason) },
        options,
      );
      memory.forgetUser(userId);
      validator.sealSent();
      return response;
    },
    async search(search, page = {}, options) {
      const request = { ...withDefaults(FIRST_PAGE, page), search: toSearchMessage(search) };
      return toPage(await channel.call(rpcs.searchSessions, request, options));
    },
    async revokeFound(search, reason, { maxSessions = 0, pageToken = '' } = {}, options) {
      const request = { search: toSearchMessage(search), reason: toReasonMessage(reason), maxSessions, pageToken };
      const { nextPageToken, ...done } = await channel.call(rpcs.revokeFoundSessions, request, options);
      memory.reset();
      validator.sealSent();
      return { ...done, nextPageToken: nextPageToken || undefined };
    },
    async presence(userIds, options) {
      const { presences } = await channel.call(rpcs.getPresence, { userIds: [...userIds] }, options);
      return presences.map(toPresence);
    },
    async listOnline(page = {}, options) {
      const request = withDefaults(FIRST_PAGE, page);
      const { presences, nextPageToken } = await channel.call(rpcs.listOnlineUsers, request, options);
      return { presences: presences.map(toPresence), nextPageToken: nextPageToken || undefined };
    },
  };
}

const NEW_SESSION = { authenticationLevel: 0, lifetimeSeconds: 0, idleTimeoutSeconds: 0, withRefreshToken: false };
const FIRST_PAGE = { pageSize: 0, pageToken: '' };

function toIssued(response: CreateSessionResponse | ElevateSessionResponse): IssuedSession {
  const { sessionToken, session, refreshToken, refreshTokenExpiresAt, consistencyToken } = response;
  return {
    sessionToken,
    session: toSessionInfo(session),
    consistencyToken,
    ...(refreshToken ? { refreshToken } : {}),
    ...(refreshTokenExpiresAt ? { refreshTokenExpiresAtMs: refreshTokenExpiresAt.getTime() } : {}),
  };
}

function toPage({ sessions, nextPageToken }: Parameters<typeof rpcs.listSessions.responseSerialize>[0]) {
  return { sessions: sessions.map(toSessionInfo), nextPageToken: nextPageToken || undefined };
}

function toSearchMessage(search: SessionSearch): SearchMessage {
  const texts = { userId: '', ipNetwork: '', countryCode: '', deviceFingerprint: '', userAgentContains: '' };
  return withDefaults({ ...texts, createdFrom: undefined, createdBefore: undefined, inactiveSince: undefined }, search);
}

function toPresence({ userId, isOnline, lastActiveAt }: PresenceMessage): Presence {
  return { userId, isOnline, lastActiveAtMs: lastActiveAt?.getTime() };
}
