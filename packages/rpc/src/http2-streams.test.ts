import { Server } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { serveOnStreams } from './http2-streams.ts';
import type { Serving } from './mount.ts';

const SERVING: Serving = {
  edge: [],
  canAct: false,
  connectionOf: () => {
    throw new Error('Nobody calls.');
  },
};
const LIMITS = { defaultDeadlineMs: 1_000, maxRequestBytes: 1_000 };

describe('serving on streams', () => {
  it('needs a server that handles its streams as this grpc-js does', () => {
    const server = new Server();
    expect(() => serveOnStreams(server, new Map(), SERVING, LIMITS)).not.toThrow();
    Reflect.set(server, '_streamHandler', undefined);
    expect(() => serveOnStreams(server, new Map(), SERVING, LIMITS)).toThrow('_streamHandler');
  });
});
