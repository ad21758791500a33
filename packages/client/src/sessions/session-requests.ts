import type { CallOptions } from '../channel/open-channel.ts';
import type { GivenReason } from './revoked-reason.ts';
import type { Origin, SessionInfo } from './session-info.ts';

/** A session to create, for a user whom the caller has authenticated. */
export interface NewSession {
  /** UUID. */
  readonly userId: string;
  /** How the user was authenticated (RFC 8176), such as `pwd`; from 1 to 8. */
  readonly authenticationMethods: readonly string[];
  /** From 1 to 3; 1 when absent. */
  readonly authenticationLevel?: number;
  readonly origin?: Origin;
  /** Seconds until the session ends. What the service is configured to give when absent, and never more. */
  readonly lifetimeSeconds?: number;
  /** Seconds without use after which it ends. What the service is configured to give when absent, and never more. */
  readonly idleTimeoutSeconds?: number;
  /** Whether a refresh token is wanted as well. */
  readonly withRefreshToken?: boolean;
}

/** A session with the secrets that prove it. They are told only once. */
export interface IssuedSession {
  readonly sessionToken: string;
  readonly session: SessionInfo;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly refreshTokenExpiresAtMs?: number;
  /** Stands for the state after this change; see ValidateOptions. */
  readonly consistencyToken: string;
}

/** A session whose level is to be raised, because its user was authenticated once more. */
export interface Elevation {
  /** How the user was authenticated this time. */
  readonly authenticationMethods: readonly string[];
  /** 2 or 3. */
  readonly authenticationLevel: number;
  readonly origin?: Origin;
}

export interface PageRequest {
  /** At most 200; 50 when absent. */
  readonly pageSize?: number;
  /** The nextPageToken of the page before. */
  readonly pageToken?: string;
}

export interface SessionsOfUser extends PageRequest {
  /** UUID. */
  readonly userId: string;
  /** Only sessions of this device. */
  readonly deviceFingerprint?: string;
  /** Also those that have ended, as long as they are kept. */
  readonly includeEnded?: boolean;
}

/** Conditions that a session must all meet. */
export interface SessionSearch {
  readonly userId?: string;
  /** An address, or a network as in `192.0.2.0/24`. */
  readonly ipNetwork?: string;
  readonly countryCode?: string;
  readonly deviceFingerprint?: string;
  readonly userAgentContains?: string;
  readonly createdFrom?: Date;
  readonly createdBefore?: Date;
  readonly inactiveSince?: Date;
}

export interface SessionPage {
  readonly sessions: readonly SessionInfo[];
  /** Asks for the next page; undefined when there is none. A page may be empty and not the last. */
  readonly nextPageToken: string | undefined;
}

/** What a change of several sessions has done. */
export interface RevokedSessions {
  readonly revokedCount: number;
  readonly consistencyToken: string;
}

export interface Presence {
  readonly userId: string;
  readonly isOnline: boolean;
  /** To within a minute or so; undefined when that is longer ago than the window. Milliseconds since the epoch. */
  readonly lastActiveAtMs: number | undefined;
}

export interface PresencePage {
  readonly presences: readonly Presence[];
  readonly nextPageToken: string | undefined;
}

/**
 * What can be done with sessions. Every method rejects with GatehouseError: with the reasons that the RPC documents,
 * UNAVAILABLE when nobody can tell, DEADLINE_EXCEEDED, and PERMISSION_DENIED (PEER_NOT_ALLOWED, PERMISSION_MISSING).
 */
export interface SessionRequests {
  /** Creates a session. Not repeated when the answer is lost. */
  create(
    session: NewSession,
    options?: CallOptions,
  ): Promise<IssuedSession & { readonly revokedSessionIds: readonly string[] }>;
  /** Replaces a session by one of a higher level. Rejects with LEVEL_NOT_RAISED. Not repeated when the answer is lost. */
  elevate(token: string, elevation: Elevation, options?: CallOptions): Promise<IssuedSession>;
  /** Lets a session live until `lifetimeSeconds` from now; as long as the service is configured to give when absent. */
  extend(
    token: string,
    extension?: { readonly lifetimeSeconds?: number },
    options?: CallOptions,
  ): Promise<{ readonly session: SessionInfo; readonly consistencyToken: string }>;
  /** Lists a user's sessions, newest first. The user's own with their `actingToken`; others' need "sessions:read". */
  list(request: SessionsOfUser, options?: CallOptions): Promise<SessionPage>;
  /** Ends a session everywhere: by its token, or by its id with an `actingToken`. Rejects with SESSION_NOT_FOUND. */
  revoke(
    target: { readonly token: string } | { readonly sessionId: string },
    reason: GivenReason,
    options?: CallOptions,
  ): Promise<{ readonly revokedAtMs: number; readonly consistencyToken: string }>;
  /** Ends all sessions of the token's user but the one of the token. */
  revokeOthers(token: string, reason: GivenReason, options?: CallOptions): Promise<RevokedSessions>;
  /** Ends all sessions of a user. */
  revokeUser(userId: string, reason: GivenReason, options?: CallOptions): Promise<RevokedSessions>;
  /** Finds active sessions of any user, oldest first. Needs "sessions:read". */
  search(search: SessionSearch, page?: PageRequest, options?: CallOptions): Promise<SessionPage>;
  /** Ends sessions that a search finds, at most `maxSessions` (1,000 when absent). Needs "sessions:revoke". */
  revokeFound(
    search: SessionSearch,
    reason: GivenReason,
    page?: { readonly maxSessions?: number; readonly pageToken?: string },
    options?: CallOptions,
  ): Promise<RevokedSessions & { readonly nextPageToken: string | undefined }>;
  /** Tells of up to 100 users whether they are online. */
  presence(userIds: readonly string[], options?: CallOptions): Promise<readonly Presence[]>;
  /** Lists the users who are online. Needs "sessions:read". */
  listOnline(page?: PageRequest, options?: CallOptions): Promise<PresencePage>;
}
