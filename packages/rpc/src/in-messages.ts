/** What goes into one message of a stream. */
export interface MessageItems<Item> {
  readonly items: readonly Item[];
  readonly isLast: boolean;
}

/** Most items, and about most bytes of them, in one message: well below what a server takes as a request. */
const ITEMS_MAX = 500;
const BYTES_MAX = 128 * 1024;

/**
 * Spreads items over messages, at least one, each of which a server takes. An item is counted by its texts; one that is
 * larger than the rest may be has a message of its own.
 */
export function* inMessages<Item>(
  all: Iterable<Item>,
  { itemsMax = ITEMS_MAX, bytesMax = BYTES_MAX }: { readonly itemsMax?: number; readonly bytesMax?: number } = {},
): Generator<MessageItems<Item>> {
  let items: Item[] = [];
  let bytes = 0;
  for (const item of all) {
    const size = sizeOf(item);
    if (items.length > 0 && (items.length === itemsMax || bytes + size > bytesMax)) {
      yield { items, isLast: false };
      items = [];
      bytes = 0;
    }
    items.push(item);
    bytes += size;
  }
  yield { items, isLast: true };
}

/** About how many bytes a value has on the wire: those of its texts, and some for each value. */
function sizeOf(value: unknown): number {
  const ofEach = 4;
  if (typeof value === 'string') return ofEach + Buffer.byteLength(value);
  if (value === null || typeof value !== 'object') return ofEach;
  return Object.values(value).reduce<number>((sum, each) => sum + sizeOf(each), ofEach);
}
