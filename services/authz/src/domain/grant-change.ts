import type { WantedGrant } from './grant-import.ts';

/** A grant to make or to revoke, to see what would come of it; roles by name. */
export type GrantChange =
  | {
      readonly does: 'grant';
      readonly place: string;
      readonly role: string;
      readonly grant: WantedGrant;
    }
  | {
      readonly does: 'revoke';
      readonly place: string;
      readonly role: string;
      readonly grant: { readonly userId: string; readonly roleId: string | undefined; readonly scope: string };
    };

/** Most changes of grants that are tried at once. */
export const GRANT_CHANGES_MAX = 1_000;
