import { createHook } from 'node:async_hooks';

/** How many frames of a stack are kept, to find the one that is ours. */
const STACK_FRAMES = 12;
/** How many steps are kept from what opened a resource back to code of ours, as in a lookup that precedes a connection. */
const STEPS_BACK = 4;
/** How many resources are remembered; the oldest are forgotten first. */
const REMEMBERED_RESOURCES = 10_000;
/** Made by the thousand; gone soon, or with the connection that they belong to. Their stacks would cost a tenth of a test. */
const FLEETING_KINDS = new Set([
  'HTTP2STREAM',
  'Immediate',
  'Microtask',
  'PendingRequest',
  'RANDOMBYTESREQUEST',
  'STREAM_END_OF_STREAM',
  'TickObject',
  'Timer',
  'WRITEWRAP',
]);
/** Requests end by themselves; they are remembered only for what they lead to. */
const REQUEST_KINDS = /REQ|JOB|^FS|^DNSCHANNEL$|RANDOMBYTES|ZLIB|MESSAGE|SIGNREQUEST/i;
/** Frames that say nothing about who opened it. */
const FOREIGN_FRAMES =
  /node:|\(<anonymous>\)|^<anonymous>|packages\/testing\/src\/vitest\/|node_modules\/(@?vitest|vite|tinypool|chai)\//;

/** Something that keeps the event loop alive. */
export interface OpenResource {
  /** As Node's async hooks name it, such as TCPSERVERWRAP. */
  readonly kind: string;
  /** The line that opened it: one of ours, or else of a dependency. Undefined when it was the test runner or unknown. */
  readonly origin: string | undefined;
}

interface Remembered {
  readonly kind: string;
  readonly resource: WeakRef<object>;
  /** Where it was opened, then where that which led to it was. */
  readonly stacks: readonly Error[];
}

export interface ResourceTracker {
  /** What was opened since the tracker was made, and still is. */
  open(): OpenResource[];
  /** Remembers nothing any more: each file has a tracker of its own. */
  stop(): void;
}

/** Remembers where everything is opened from here on. */
export function trackResources(): ResourceTracker {
  const remembered = new Map<number, Remembered>();
  const hook = createHook({
    // Promises would cost more than all else together, and hold nothing open.
    trackPromises: false,
    init: (id, kind, trigger, resource) => {
      if (FLEETING_KINDS.has(kind)) return;
      const stacks = [takeStack(), ...(remembered.get(trigger)?.stacks ?? [])].slice(0, STEPS_BACK);
      remembered.set(id, { kind, resource: new WeakRef(resource), stacks });
      if (remembered.size > REMEMBERED_RESOURCES) remembered.delete(remembered.keys().next().value as number);
    },
    destroy: (id) => {
      remembered.delete(id);
    },
  });
  hook.enable();
  return {
    open: () =>
      [...remembered.values()]
        .filter(({ kind, resource }) => !REQUEST_KINDS.test(kind) && keepsAlive(resource.deref()))
        .map(({ kind, stacks }) => ({ kind, origin: originOf(stacks) })),
    stop() {
      hook.disable();
      remembered.clear();
    },
  };
}

/** The text of a stack is made only when it is read, so this costs little. */
function takeStack(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const stack = new Error('opened');
  Error.stackTraceLimit = before;
  return stack;
}

/** Timers and handles say whether they do; what can't say so is taken to. */
function keepsAlive(resource: object | undefined): boolean {
  if (resource === undefined) return false;
  const { hasRef } = resource as { hasRef?: () => boolean };
  return hasRef === undefined || hasRef.call(resource);
}

function originOf(stacks: readonly Error[]): string | undefined {
  const frames = stacks
    .flatMap(({ stack = '' }) => stack.split('\n').slice(1))
    .map((line) => line.trim().replace(/^at /, ''))
    .filter((line) => !FOREIGN_FRAMES.test(line));
  return frames.find((line) => !line.includes('node_modules')) ?? frames[0];
}
