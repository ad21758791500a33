import { collectProblems, type Offset, type Place, placesIn } from './problem.ts';
import { readYaml, type Value } from './read-yaml.ts';

/**
 * Tells where in a file something stands, by keys and indexes such as `['roles', 'editor', 'permissions', 2]`; where as much
 * of the path as there is stands. The file must be one that `parsePolicy` has read.
 */
export function locateIn(text: string): (path: readonly (string | number)[]) => Place {
  const root = readYaml(text, collectProblems(text));
  const placeOf = placesIn(text);
  return (path) => {
    let value = root;
    let at: Offset = root?.at ?? 0;
    for (const step of path) {
      const next = value && stepInto(value, step);
      if (!next) break;
      ({ value, at } = next);
    }
    return placeOf(at);
  };
}

/** A scalar is told by itself, and what holds more by its key. */
function stepInto(value: Value, step: string | number): { value: Value; at: Offset } | undefined {
  if (value.kind === 'list') {
    const item = typeof step === 'number' ? value.items[step] : undefined;
    return item && { value: item, at: item.at };
  }
  const entry = value.kind === 'map' ? value.entries.find(({ key }) => key === step) : undefined;
  return (
    entry && {
      value: entry.value,
      at: entry.value.kind === 'scalar' && entry.value.raw !== '' ? entry.value.at : entry.at,
    }
  );
}
