/** Whether a user may do a thing. */
export interface PermissionQuestion {
  /** UUID, in lower case. */
  readonly userId: string;
  /** `resource:action`, without wildcards. */
  readonly permission: string;
  /** On what: pairs of type and id from the topmost parent down, such as `tenant/7/project/42`. Absent: nothing in particular. */
  readonly resource?: string | undefined;
  /** What conditions may look at. It must not change before the question is answered. */
  readonly context?: PermissionContext | undefined;
}

/** What the caller knows of a request, for conditions. A condition that needs what is not here is undetermined. */
export interface PermissionContext {
  /** The end user's address; IPv4 or IPv6. A port, brackets and a zone, as sockets and proxies write them, are left out. */
  readonly ip?: string | undefined;
  /** How strongly the end user was authenticated, as in the session; up to 255. */
  readonly authenticationLevel?: number | undefined;
  /**
   * Attributes of the resource: the variable `resource` of a condition. Values are those of JSON; at most 256 of them, nested
   * at most 8 deep, with texts of at most 1,024 characters. The same holds for `attributes`.
   */
  readonly resourceAttributes?: Readonly<Record<string, unknown>> | undefined;
  /** Anything else: the variable `context` of a condition. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}
