import {
  AccessTokenError,
  type AccessTokens,
  clearSessionCookie,
  fastifySession,
  type GatehouseClient,
  requireSession,
  sessionTokenOf,
} from '@gatehouse/client';
import fastify from 'fastify';
import { createOrders } from './orders.ts';

/** The service: what users may do needs their session, what other services may ask needs an access token. */
export function createApp(gatehouse: GatehouseClient, accessTokens: AccessTokens) {
  const app = fastify({ logger: false, bodyLimit: 16 * 1024 });
  const orders = createOrders();

  app.get('/healthz', async () => ({ ok: true, validatesLocally: gatehouse.sessions.statistics().isCurrent }));

  app.register(async (users) => {
    users.register(fastifySession(gatehouse));
    users.get('/orders', async (request) => ({ orders: orders.list(requireSession(request).userId) }));
    users.post<{ Body: { item: string } }>('/orders', { schema: { body: PLACE_ORDER } }, async (request, reply) => {
      reply.code(201);
      return orders.place(requireSession(request).userId, request.body.item);
    });
    // The user ends their own session: whoever holds its token may.
    users.post('/sign-out', async (request, reply) => {
      await gatehouse.sessions.revoke({ token: sessionTokenOf(request) ?? '' }, 'logout');
      reply.header('set-cookie', clearSessionCookie()).code(204);
    });
  });

  // What can't be undone needs a stronger proof of who the user is, and the newest state of the session.
  app.register(async (careful) => {
    careful.register(fastifySession(gatehouse, { minimumLevel: 2, freshness: 'strict' }));
    careful.post('/orders/cancel-all', async () => ({ cancelled: true }));
  });

  // For another service, which has got an access token for the user from the edge: nobody is asked.
  app.get('/internal/order-count', async (request, reply) => {
    try {
      const { sub } = await accessTokens.verify(bearerOf(request.headers.authorization));
      return { count: orders.list(sub).length };
    } catch (error) {
      if (!(error instanceof AccessTokenError)) throw error;
      reply.code(error.reason === 'KEYS_UNAVAILABLE' ? 503 : 401);
      return { reason: error.reason };
    }
  });
  return app;
}

const PLACE_ORDER = {
  type: 'object',
  required: ['item'],
  properties: { item: { type: 'string', minLength: 1, maxLength: 100 } },
};

function bearerOf(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}
