/** A map that never holds more than `maxEntries`. */
export interface BoundedMap<V extends object> {
  get(key: string): V | undefined;
  /** Makes room, where it needs to, by forgetting an entry that was not asked for lately. */
  set(key: string, value: V): void;
  delete(key: string): void;
  clear(): void;
  readonly size: number;
}

interface Slot<V> {
  readonly value: V;
  isUsed: boolean;
}

/**
 * Makes a bounded map. Room is made by second chance: it costs a hit one assignment, where keeping the order of use would
 * cost two map operations. `forgotten` is told of an entry that had to leave.
 */
export function boundedMap<V extends object>(maxEntries: number, forgotten?: (value: V) => void): BoundedMap<V> {
  const slots = new Map<string, Slot<V>>();

  const makeRoom = () => {
    for (const [key, slot] of slots) {
      slots.delete(key);
      if (!slot.isUsed) return forgotten?.(slot.value);
      slot.isUsed = false;
      slots.set(key, slot);
    }
  };

  return {
    get(key) {
      const slot = slots.get(key);
      if (slot === undefined) return undefined;
      slot.isUsed = true;
      return slot.value;
    },
    set(key, value) {
      if (maxEntries === 0) return;
      if (!slots.has(key) && slots.size >= maxEntries) makeRoom();
      slots.set(key, { value, isUsed: false });
    },
    delete: (key) => void slots.delete(key),
    clear: () => slots.clear(),
    get size() {
      return slots.size;
    },
  };
}
