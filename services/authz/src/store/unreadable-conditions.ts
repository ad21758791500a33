import { type Model, problemOf } from '@gatehouse/client/policy';
import { Gauge, type Logger, type Registry } from '@gatehouse/process';

/** Most permissions that one line of the log names. */
const TOLD_MAX = 20;

/**
 * Tells of the permissions of a model whose conditions this version can't read: how many there are as a gauge, and each
 * once in the log, for as long as it stays so.
 */
export function tellUnreadable(options: {
  readonly logger: Pick<Logger, 'warn'>;
  readonly registry: Registry;
}): (model: Model) => void {
  const gauge = new Gauge({
    name: 'authz_unreadable_conditions',
    help: 'Permissions in use whose stored condition this version can not read: they are undetermined.',
    registers: [options.registry],
  });
  gauge.set(0);
  let known: ReadonlyMap<string, string> = new Map();
  return (model) => {
    const found = unreadableOf(model);
    gauge.set(found.size);
    const fresh = [...found].filter(([permission, source]) => known.get(permission) !== source);
    known = found;
    if (fresh.length === 0) return;
    options.logger.warn(
      { permissions: fresh.slice(0, TOLD_MAX).map(([permission]) => permission), unreadable: fresh.length },
      'conditions of permissions can not be read by this version: they are undetermined until others are given',
    );
  };
}

/** Their conditions by the names of the permissions. */
function unreadableOf({ roles }: Model): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { permissions } of roles.values()) {
    for (const { name, condition } of permissions) {
      if (condition && problemOf(condition)) found.set(name, condition.source);
    }
  }
  return found;
}
