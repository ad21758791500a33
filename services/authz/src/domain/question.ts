import type { Demand } from './consistency.ts';

/** What is asked about a user. Its fields are those of a question to the policy engine, but for the time of the answer. */
export interface Asked {
  readonly userId: string;
  readonly permission: string;
  /** The path of a resource; empty: nothing in particular. */
  readonly resource: string;
  /** The end user's address; empty: not known. */
  readonly ip: string;
  /** 0: not known. */
  readonly authenticationLevel: number;
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A question: whether the user holds the permission, from data as fresh as demanded. */
export interface Question extends Asked {
  readonly demand: Demand;
  /** When it was asked, by the database's clock. Unix milliseconds. */
  readonly nowMs: number;
}

const NO_ATTRIBUTES = {};

/** A question about nothing in particular, of which nothing else is known. */
export function plainly(userId: string, permission: string): Asked {
  return {
    userId,
    permission,
    resource: '',
    ip: '',
    authenticationLevel: 0,
    resourceAttributes: NO_ATTRIBUTES,
    attributes: NO_ATTRIBUTES,
  };
}
