export interface Order {
  readonly id: string;
  readonly item: string;
}

/** Most orders of one user that are kept. */
const ORDERS_MAX = 100;

/** Orders by user, in memory: what an orders service does with them is not what this example is about. */
export function createOrders() {
  const byUser = new Map<string, Order[]>();
  return {
    list: (userId: string): readonly Order[] => byUser.get(userId) ?? [],
    place(userId: string, item: string): Order {
      const order = { id: crypto.randomUUID(), item };
      byUser.set(userId, [order, ...(byUser.get(userId) ?? [])].slice(0, ORDERS_MAX));
      return order;
    },
  };
}
