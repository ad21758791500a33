/** What an instance remembers of one id. */
export interface L1Entry<V> {
  readonly version: bigint;
  readonly value: V;
  /** Milliseconds since the epoch from which on the value is not to be used. */
  readonly expiresAtMs: number;
}

/** A bounded map in memory. */
export interface L1<V> {
  get(id: string): L1Entry<V> | undefined;
  /** Keeps the entry, unless that version or a newer one is there. Makes room by forgetting one that was not asked for lately. */
  put(id: string, entry: L1Entry<V>): void;
  /** Forgets the entry if its version is `version` or older. */
  drop(id: string, version: bigint): void;
  clear(): void;
  readonly size: number;
}

interface Slot<V> extends L1Entry<V> {
  used: boolean;
}

/**
 * Makes a map of at most `maxEntries`. Room is made by second chance: it costs a hit one assignment, where keeping the
 * order of use would cost two map operations.
 */
export function createL1<V>(maxEntries: number): L1<V> {
  const slots = new Map<string, Slot<V>>();

  const makeRoom = () => {
    for (const [id, slot] of slots) {
      slots.delete(id);
      if (!slot.used) return;
      slot.used = false;
      slots.set(id, slot);
    }
  };

  return {
    get(id) {
      const slot = slots.get(id);
      if (slot !== undefined) slot.used = true;
      return slot;
    },
    put(id, { version, value, expiresAtMs }) {
      const old = slots.get(id);
      if (old !== undefined && old.version >= version) return;
      if (old === undefined && slots.size >= maxEntries) makeRoom();
      if (slots.size < maxEntries || old !== undefined) slots.set(id, { version, value, expiresAtMs, used: false });
    },
    drop(id, version) {
      const slot = slots.get(id);
      if (slot !== undefined && slot.version <= version) slots.delete(id);
    },
    clear: () => slots.clear(),
    get size() {
      return slots.size;
    },
  };
}
