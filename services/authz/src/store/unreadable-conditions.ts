import { type Model, problemOf } from '@gatehouse/client/policy';
import { Gauge, type Logger, type Registry } from '@gatehouse/process';

/** Most conditions that one line of the log names. */
const TOLD_MAX = 20;

/**
 * Tells of the conditions of a model that this version can't read, those of permissions in use and those of denials: how
 * many there are as a gauge, and each once in the log, for as long as it stays so.
 */
export function tellUnreadable(options: {
  readonly logger: Pick<Logger, 'warn'>;
  readonly registry: Registry;
}): (model: Model) => void {
  const gauge = new Gauge({
    name: 'authz_unreadable_conditions',
    help: 'Stored conditions of permissions in use and of denials that this version can not read: they are undetermined.',
    registers: [options.registry],
  });
  gauge.set(0);
  let known: ReadonlyMap<string, string> = new Map();
  return (model) => {
    const found = unreadableOf(model);
    gauge.set(found.size);
    const fresh = [...found].filter(([whose, source]) => known.get(whose) !== source);
    known = found;
    if (fresh.length === 0) return;
    options.logger.warn(
      { conditions: fresh.slice(0, TOLD_MAX).map(([whose]) => whose), unreadable: fresh.length },
      'stored conditions can not be read by this version: they are undetermined until others are given',
    );
  };
}

/** Their sources by whose they are: `permission vault:open`, `role blind denies vault:open`. */
function unreadableOf({ roles }: Model): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const role of roles.values()) {
    for (const { name, effect, condition } of role.permissions) {
      const whose = effect === 'allow' ? `permission ${name}` : `role ${role.name} denies ${name}`;
      if (condition && problemOf(condition)) found.set(whose, condition.source);
    }
  }
  return found;
}
