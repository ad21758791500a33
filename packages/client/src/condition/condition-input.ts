/** What a condition may look at. */
export interface ConditionInput {
  /** The caller's address; empty when it is not known, which leaves a condition on it undetermined. */
  readonly ip: string;
  /** Unix time by the database's clock. Milliseconds. */
  readonly nowMs: number;
  /** How strongly the user was authenticated; 0 when that is not known. */
  readonly authenticationLevel: number;
  readonly userId: string;
  readonly permission: string;
  /** The path of the resource; empty when the check is about none. */
  readonly resource: string;
  /** What the caller knows of the resource. Values are those of JSON. */
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
  /** What else the caller knows. Values are those of JSON. */
  readonly attributes: Readonly<Record<string, unknown>>;
}
