import type { Condition, GrantStatus, Model, NamedGrant, Question } from '../policy/index.ts';
import type { Place } from './problem.ts';

/** A permission as a file declares it. */
export interface PolicyPermission {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly isDangerous: boolean;
  readonly condition: Condition | undefined;
}

/** A role as a file declares it. */
export interface PolicyRole {
  readonly name: string;
  readonly description: string;
  readonly parent: string | undefined;
  /** Names of permissions that it allows, as they are declared. */
  readonly permissions: readonly string[];
  readonly deny: readonly PolicyDenial[];
}

/** A permission that a role denies. */
export interface PolicyDenial {
  /** Its name, as it is declared. */
  readonly permission: string;
  /** Under which it is denied, whatever the condition of the permission is; undefined: always. */
  readonly condition: Condition | undefined;
}

/** Two roles that nobody may hold together. */
export interface PolicyExclusion {
  readonly roles: readonly [string, string];
  readonly reason: string;
}

/** A grant of a test; its id is its number in the test, from 1. */
export interface TestGrant extends NamedGrant {
  readonly user: string;
  readonly status: GrantStatus;
}

export interface TestCheck {
  /** Where the check stands in the file. */
  readonly place: Place;
  readonly question: Question;
  readonly expectsAllowed: boolean;
}

export interface PolicyTest {
  readonly name: string;
  readonly grants: readonly TestGrant[];
  readonly checks: readonly TestCheck[];
}

/** A file without problems. The ids of its model are the names. */
export interface Policy {
  readonly permissions: ReadonlyMap<string, PolicyPermission>;
  /** Parents come before their children. */
  readonly roles: ReadonlyMap<string, PolicyRole>;
  readonly exclusions: readonly PolicyExclusion[];
  readonly tests: readonly PolicyTest[];
  readonly model: Model;
}
