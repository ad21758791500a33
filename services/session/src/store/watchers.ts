import { Failure } from '@gatehouse/failure';
import { type WatchQueue, watchPlaces, watchQueue } from '@gatehouse/mesh';
import { Counter, Gauge, type Registry } from '@gatehouse/process';
import type { InvalidationBus } from '@gatehouse/redis';

/** Everybody who wants to be told of sessions that change. */
export interface Watchers {
  /**
   * Begins a watch for a peer. Throws Failure `limited` WATCHES_TOO_MANY, or `unavailable` INSTANCE_STOPPING once the
   * instance stops.
   */
  open(peer: string): Watch;
  /** Tells every watch that what was validated so far may be untrue, nobody knows of which sessions. */
  reset(): void;
  /**
   * Ends every watch with INSTANCE_STOPPING, so that their callers go to another instance. Call it before the server drains:
   * a watch that stays open would hold up the drain until it is cut off.
   */
  stop(): void;
}

/** One watch. It ends by itself with `unavailable` WATCH_TOO_SLOW when it is not read, and WATCH_IDLE without questions. */
export interface Watch {
  /** Encoded, in the order in which they happened, for one reader. */
  readonly messages: AsyncIterable<Buffer>;
  /** Has the question answered, after everything that is known by now. */
  ask(question: bigint): void;
  /** Ends the reading. Only the first end counts. */
  end(error?: unknown): void;
  /** Forgets the watch; its place is free again. */
  close(): void;
}

export interface WatchersOptions {
  readonly bus: Pick<InvalidationBus, 'on' | 'onReset' | 'stalenessMs'>;
  readonly topic: string;
  readonly registry: Registry;
  /** How what a watch tells is written. */
  readonly encode: {
    readonly changes: (ids: readonly string[]) => Buffer;
    readonly answer: (question: bigint, stalenessMs: number) => Buffer;
    readonly reset: () => Buffer;
  };
  readonly limits?: Partial<WatchLimits>;
}

export const WATCH_LIMITS = {
  /** Most watches of one instance. */
  watchesMax: 1_000,
  /** Most watches of one peer, however many processes it has. */
  watchesPerPeerMax: 250,
  /** Most ids in one message. */
  idsMax: 500,
  /** Most messages that wait for one reader. */
  messagesMax: 100,
  /** How long a watch may go without a question. */
  idleMsMax: 60_000,
  /** While changes keep coming they are gathered for this long for each watch there is, so that telling them leaves time. */
  gatheringMsPerWatch: 0.1,
} as const;

export type WatchLimits = Readonly<Record<keyof typeof WATCH_LIMITS, number>>;

interface Told {
  readonly queue: WatchQueue;
  readonly idle: NodeJS.Timeout;
  /** How many of the gathered ids it has been told already. */
  told: number;
  hasEnded: boolean;
}

/** Listens to the bus once, for all watches. */
export function openWatchers({ bus, topic, registry, encode, ...options }: WatchersOptions): Watchers {
  const limits: WatchLimits = { ...WATCH_LIMITS, ...options.limits };
  const watches = new Set<Told>();
  const places = watchPlaces(limits);
  let gathered: string[] = [];
  let scheduled = false;
  let flushedAtMs = Number.NEGATIVE_INFINITY;
  let isStopped = false;
  new Gauge({
    name: 'session_watches',
    help: 'Watches that are open.',
    registers: [registry],
    collect() {
      this.set(watches.size);
    },
  });
  const cutOff = new Counter({
    name: 'session_watches_cut_off_total',
    help: 'Watches that were ended because their callers did not read, or asked nothing.',
    labelNames: ['reason'],
    registers: [registry],
  });

  const end = (watch: Told, error?: unknown) => {
    watch.hasEnded = true;
    clearTimeout(watch.idle);
    watch.queue.end(error);
  };
  const cut = (watch: Told, reason: 'WATCH_TOO_SLOW' | 'WATCH_IDLE', why: string) => {
    cutOff.inc({ reason });
    end(watch, new Failure('unavailable', reason, why));
  };
  const push = (watch: Told, message: Buffer) => {
    if (!watch.queue.push(message)) cut(watch, 'WATCH_TOO_SLOW', 'The watch was not read in time; begin another.');
  };
  const flush = () => {
    scheduled = false;
    flushedAtMs = performance.now();
    const ids = gathered;
    gathered = [];
    const forAll = ids.length > 0 ? encode.changes(ids) : undefined;
    for (const watch of watches) {
      if (forAll && watch.told === 0) push(watch, forAll);
      else if (watch.told < ids.length) push(watch, encode.changes(ids.slice(watch.told)));
      watch.told = 0;
    }
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    const waitMs = flushedAtMs + watches.size * limits.gatheringMsPerWatch - performance.now();
    // What one message of the bus brings is told in one message.
    if (waitMs > 0) setTimeout(flush, waitMs).unref();
    else setImmediate(flush);
  };
  bus.on(topic, (id) => {
    if (watches.size === 0) return;
    gathered.push(id);
    if (gathered.length >= limits.idsMax) flush();
    else schedule();
  });
  const reset = () => {
    gathered = [];
    const message = encode.reset();
    for (const watch of watches) {
      watch.told = 0;
      push(watch, message);
    }
  };
  bus.onReset(reset);

  return {
    reset,
    open(peer) {
      if (isStopped) throw stopping();
      const leavePlace = places.take(peer);
      const queue = watchQueue(limits.messagesMax);
      const idle = setTimeout(
        () => cut(watch, 'WATCH_IDLE', 'The watch was asked nothing for long.'),
        limits.idleMsMax,
      );
      const watch: Told = { queue, idle, told: 0, hasEnded: false };
      watches.add(watch);
      return {
        messages: queue,
        ask(question) {
          if (watch.hasEnded) return;
          idle.refresh();
          if (watch.told < gathered.length) push(watch, encode.changes(gathered.slice(watch.told)));
          watch.told = gathered.length;
          push(watch, encode.answer(question, bus.stalenessMs));
        },
        end: (error) => end(watch, error),
        close() {
          end(watch);
          if (watches.delete(watch)) leavePlace();
        },
      };
    },
    stop() {
      isStopped = true;
      for (const watch of watches) end(watch, stopping());
    },
  };
}

function stopping(): Failure {
  return new Failure('unavailable', 'INSTANCE_STOPPING', 'This instance stops; watch another.');
}
