import type { Logger } from '@gatehouse/process';
import type { Redis } from 'ioredis';
import { retryDelayMs } from './connect.ts';
import type { RedisStore } from './open-redis.ts';
import { withoutArguments } from './redis-failure.ts';

export interface SubscriptionOptions {
  readonly redis: RedisStore;
  readonly channel: string;
  readonly logger: Logger;
  readonly subscribed: () => void;
  readonly lost: () => void;
  readonly message: (text: string) => void;
}

/** A subscription that is opened again, for ever, on a new connection each time that it is lost. */
export interface Subscription {
  /** Gives the connection up and opens another. Nothing more is heard from the old one. */
  renew(): void;
  stop(): void;
}

/** Subscribes to a channel. `lost` is called once after each `subscribed`, before anything of the next connection. */
export function keepSubscribed(options: SubscriptionOptions): Subscription {
  let attempts = 0;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  let leave = () => {};

  const tryAgain = () => {
    attempts += 1;
    retry = setTimeout(open, retryDelayMs(attempts));
  };
  const subscribed = () => {
    attempts = 0;
  };
  const open = () => {
    try {
      leave = subscribeOnce(options, { subscribed, ended: tryAgain });
    } catch (error) {
      // A certificate file that is just being replaced, for one, is there the next time.
      options.logger.warn({ store: options.redis.name, err: error }, 'subscription could not be opened');
      leave = () => {};
      tryAgain();
    }
  };
  const stop = () => {
    clearTimeout(retry);
    leave();
  };
  open();
  return {
    renew() {
      if (stopped) return;
      stop();
      open();
    },
    stop() {
      stopped = true;
      stop();
    },
  };
}

/** One connection's life. Returns what ends it early, after which it reports nothing but `lost`. */
function subscribeOnce(
  { redis, channel, logger, ...report }: SubscriptionOptions,
  life: { readonly subscribed: () => void; readonly ended: () => void },
): () => void {
  const connection: Redis = redis.subscriber();
  let state: 'opening' | 'subscribed' | 'over' = 'opening';
  let lastError: unknown;
  const finish = () => {
    const before = state;
    state = 'over';
    if (before === 'subscribed') report.lost();
    return before !== 'over';
  };

  connection.on('error', (error: Error) => {
    lastError = withoutArguments(error);
  });
  connection.on('message', (_channel: string, text: string) => {
    if (state === 'subscribed') report.message(text);
  });
  connection.once('end', () => {
    if (!finish()) return;
    logger.debug({ store: redis.name, channel, err: lastError }, 'subscription lost');
    life.ended();
  });
  connection.once('ready', () => {
    connection.subscribe(channel).then(
      () => {
        if (state !== 'opening') return;
        state = 'subscribed';
        life.subscribed();
        report.subscribed();
      },
      (error: Error) => {
        lastError = withoutArguments(error);
        connection.disconnect();
      },
    );
  });
  return () => {
    finish();
    connection.disconnect();
  };
}
