import { stringify } from 'yaml';

/** What a file says, without tests: a condition, a parent, a description or a reason that is empty is none. */
export interface PolicyContent {
  readonly permissions: readonly {
    readonly name: string;
    readonly description: string;
    readonly category: string;
    readonly isDangerous: boolean;
    /** In CEL. */
    readonly condition: string;
  }[];
  readonly roles: readonly {
    readonly name: string;
    readonly description: string;
    readonly parent: string;
    readonly permissions: readonly string[];
    readonly deny: readonly {
      readonly permission: string;
      /** In CEL. */
      readonly condition: string;
    }[];
  }[];
  readonly exclusions: readonly { readonly roles: readonly [string, string]; readonly reason: string }[];
}

/** The file that `parsePolicy` reads as this, everything in the order in which it is given. */
export function formatPolicy({ permissions, roles, exclusions }: PolicyContent): string {
  const file = {
    version: 1,
    ...filled({
      permissions: byName(permissions, ({ description, category, isDangerous, condition }) =>
        filled({ description, category, dangerous: isDangerous, condition }),
      ),
      roles: byName(roles, ({ description, parent, permissions: allowed, deny }) =>
        filled({
          description,
          parent,
          permissions: allowed,
          deny: deny.map(({ permission, condition }) => (condition === '' ? permission : { permission, condition })),
        }),
      ),
      exclusions: exclusions.map(({ roles: pair, reason }) => ({ roles: pair, ...filled({ reason }) })),
    }),
  };
  return stringify(file, { version: '1.2', schema: 'core', aliasDuplicateObjects: false, lineWidth: 0, nullStr: '' });
}

/** A map, because the keys of an object that look like numbers come first. */
function byName<T extends { readonly name: string }>(
  items: readonly T[],
  fieldsOf: (item: T) => Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> {
  return new Map(
    items.map((item) => {
      const fields = fieldsOf(item);
      return [item.name, Object.keys(fields).length === 0 ? null : fields];
    }),
  );
}

/** The fields that say something. */
function filled(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === false || (Array.isArray(value) && value.length === 0);
}
