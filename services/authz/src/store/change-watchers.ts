import { Failure } from '@gatehouse/failure';
import { type WatchQueue, watchPlaces, watchQueue } from '@gatehouse/mesh';
import { Counter, Gauge, type Registry } from '@gatehouse/process';
import { lookupGate } from '@gatehouse/rpc';
import type { LogPosition } from '../domain/log-position.ts';
import { parseResumeToken } from '../domain/resume-token.ts';
import type { ChangeLog, LoggedChange } from './change-log.ts';
import { type ChangeTail, type ChangeTailOptions, openChangeTail } from './change-tail.ts';
import { WATCH_LIMITS, type WatchLimits } from './watch-limits.ts';

/** Everybody who wants to be told of changes. */
export interface ChangeWatchers {
  /**
   * Begins a watch for a peer. Throws Failure `limited` WATCHES_TOO_MANY, or `unavailable` INSTANCE_STOPPING once the
   * instance stops.
   */
  open(peer: string): ChangeWatch;
  /** Something has changed: it can be told. */
  wake(): void;
  /**
   * Ends every watch with INSTANCE_STOPPING, so that their callers go to another instance. Call it before the server drains:
   * a watch that stays open would hold up the drain until it is cut off.
   */
  stop(): void;
}

/** One watch. It ends by itself with `unavailable` WATCH_TOO_SLOW when it is not read, and WATCH_IDLE without questions. */
export interface ChangeWatch {
  /** Encoded, for one reader. */
  readonly messages: AsyncIterable<Buffer>;
  /**
   * Tells what has changed since the token, and then what changes; without one what changes from now on. To be called once.
   * The watch ends with RESUME_TOKEN_INVALID or RESUME_TOKEN_EXPIRED when it can't.
   */
  begin(resumeToken: string): void;
  /** Has the question answered, after everything that is known by now. */
  ask(question: bigint): void;
  /** Ends the reading. Only the first end counts. */
  end(error?: unknown): void;
  /** Forgets the watch; its place is free again. */
  close(): void;
}

/** What a watch is answered. */
export interface Answer {
  readonly question: bigint;
  /** Infinity: what was missed has not all been told. Milliseconds. */
  readonly stalenessMs: number;
  readonly resumeToken: string;
}

export interface ChangeWatchersOptions extends Omit<ChangeTailOptions, 'tell' | 'lost'> {
  readonly log: ChangeLog;
  readonly registry: Registry;
  /** How what a watch tells is written. */
  readonly encode: {
    readonly changes: (changes: readonly LoggedChange[]) => Buffer;
    readonly answer: (answer: Answer) => Buffer;
  };
  readonly limits?: Partial<WatchLimits>;
}

interface Told {
  readonly queue: WatchQueue;
  readonly idle: NodeJS.Timeout;
  readonly ending: AbortController;
  /** Whether what the tail reads goes to the reader as it comes. */
  isLive: boolean;
  /** What the tail has read since the watch joined it and before it is live; undefined: nothing is held, or no more fits. */
  held: Buffer[] | undefined;
}

/** Follows the log once, for all watches, as long as there are any. */
export function openChangeWatchers({ registry, encode, ...options }: ChangeWatchersOptions): ChangeWatchers {
  const { log } = options;
  const limits: WatchLimits = { ...WATCH_LIMITS, ...options.limits };
  const watches = new Set<Told>();
  const places = watchPlaces(limits);
  const reading = lookupGate(limits.readingMax);
  let isStopped = false;
  new Gauge({
    name: 'authz_watches',
    help: 'Watches that are open.',
    registers: [registry],
    collect() {
      this.set(watches.size);
    },
  });
  const cutOff = new Counter({
    name: 'authz_watches_cut_off_total',
    help: 'Watches that were ended because their callers did not read, or asked nothing.',
    labelNames: ['reason'],
    registers: [registry],
  });

  const end = (watch: Told, error?: unknown) => {
    watch.isLive = false;
    watch.held = undefined;
    clearTimeout(watch.idle);
    watch.queue.end(error);
    watch.ending.abort();
  };
  const cut = (watch: Told, reason: 'WATCH_TOO_SLOW' | 'WATCH_IDLE', why: string) => {
    cutOff.inc({ reason });
    end(watch, new Failure('unavailable', reason, why));
  };
  const push = (watch: Told, message: Buffer) => {
    if (!watch.queue.push(message)) cut(watch, 'WATCH_TOO_SLOW', 'The watch was not read in time; begin another.');
  };
  const tail: ChangeTail = openChangeTail({
    ...options,
    tell(changes) {
      const message = encode.changes(changes);
      for (const watch of watches) {
        if (watch.isLive) push(watch, message);
        else if (watch.held && watch.held.length < limits.heldMax) watch.held.push(message);
        else watch.held = undefined;
      }
    },
    lost(why) {
      for (const watch of watches) if (watch.isLive || watch.held) end(watch, why);
    },
  });

  const join = (watch: Told) =>
    new Promise<LogPosition>((resolve) => {
      tail.join((position) => {
        watch.held = [];
        resolve(position);
      });
    });
  /** Waits for the reader, leaves room for answers, and rejects when the watch has ended. */
  const deliver = async (watch: Told, message: Buffer) => {
    await watch.queue.room(limits.messagesMax / 2);
    watch.ending.signal.throwIfAborted();
    push(watch, message);
  };
  /** Whether the watch is live now; otherwise more was read than could be held back for it. */
  const release = async (watch: Told): Promise<boolean> => {
    for (let message = watch.held?.shift(); message; message = watch.held?.shift()) await deliver(watch, message);
    watch.ending.signal.throwIfAborted();
    watch.isLive = watch.held !== undefined;
    watch.held = undefined;
    return watch.isLive;
  };
  const catchUp = async (watch: Told, resumeToken: string): Promise<void> => {
    const { signal } = watch.ending;
    const page = (changes: readonly LoggedChange[]) => deliver(watch, encode.changes(changes));
    const turn = reading.run;
    let after = resumeToken === '' ? undefined : parseResumeToken(resumeToken);
    for (;;) {
      // What the tail reads from here on is held back, so that nothing lies between it and what is read up to here.
      const position = await join(watch);
      if (after) await log.read(after, { until: position, page, turn }, signal);
      if (await release(watch)) return;
      after = position;
    }
  };

  return {
    open(peer) {
      if (isStopped) throw stopping();
      const leavePlace = places.take(peer);
      const queue = watchQueue(limits.messagesMax);
      const why = 'The watch was asked nothing for long.';
      const idle = setTimeout(() => cut(watch, 'WATCH_IDLE', why), limits.idleMsMax);
      const watch: Told = { queue, idle, ending: new AbortController(), isLive: false, held: undefined };
      watches.add(watch);
      tail.start();
      return {
        messages: queue,
        begin: (resumeToken) => void catchUp(watch, resumeToken).catch((error: unknown) => end(watch, error)),
        ask(question) {
          if (watch.ending.signal.aborted) return;
          idle.refresh();
          const stalenessMs = watch.isLive ? tail.stalenessMs : Number.POSITIVE_INFINITY;
          push(watch, encode.answer({ question, stalenessMs, resumeToken: watch.isLive ? tail.token : '' }));
        },
        end: (error) => end(watch, error),
        close() {
          end(watch);
          if (!watches.delete(watch)) return;
          leavePlace();
          if (watches.size === 0) tail.stop();
        },
      };
    },
    wake: () => tail.wake(),
    stop() {
      isStopped = true;
      for (const watch of watches) end(watch, stopping());
      tail.stop();
    },
  };
}

function stopping(): Failure {
  return new Failure('unavailable', 'INSTANCE_STOPPING', 'This instance stops; watch another.');
}
