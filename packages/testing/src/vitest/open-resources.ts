import { createHook } from 'node:async_hooks';
import { HOOK_LIMIT_MS } from '../patience.ts';
import { currentFile, type FileScope } from '../running-test.ts';
import { closeResource } from './close-resource.ts';

/** How many frames of a stack are kept, to find the one that is ours. */
const STACK_FRAMES = 12;
/** How many steps are kept from what opened a resource back to code of ours, as in a lookup that precedes a connection. */
const STEPS_BACK = 4;
/** How many resources are remembered; the oldest are forgotten first. */
const REMEMBERED_RESOURCES = 10_000;
/** What leads to a connection, and so is remembered for where it was asked for. */
const LEADING_KINDS = new Set(['GETADDRINFOREQWRAP', 'PIPECONNECTWRAP', 'TCPCONNECTWRAP']);
/** What keeps a process alive until it is closed. All else ends by itself. */
const HELD_KINDS = new Set([
  'FSEVENTWRAP',
  'PIPESERVERWRAP',
  'PIPEWRAP',
  'PROCESSWRAP',
  'STATWATCHER',
  'TCPSERVERWRAP',
  'TCPWRAP',
  'Timeout',
  'UDPWRAP',
  'WORKER',
]);
/** Frames that say nothing about who opened it. */
const FOREIGN_FRAMES =
  /node:|\(<anonymous>\)|^<anonymous>|packages\/testing\/src\/vitest\/|node_modules\/(@?vitest|vite|tinypool|chai)\//;

/** Something that keeps the event loop alive. */
export interface OpenResource {
  /** As Node's async hooks name it, such as TCPSERVERWRAP. */
  readonly kind: string;
  /** The line that opened it: one of ours, or else of a dependency. Undefined when it was the test runner or unknown. */
  readonly origin: string | undefined;
  /** Closes it by force. */
  close(): void;
}

interface Remembered {
  readonly kind: string;
  readonly resource: WeakRef<object>;
  readonly file: FileScope | undefined;
  /** Where it was opened, then where that which led to it was. */
  readonly stacks: readonly Error[];
}

/** Of this worker, whose files run one after the other. */
const remembered = new Map<number, Remembered>();
let tracking = false;

/** Remembers where everything is opened from here on, and closes at once what is opened in the name of a file that is over. */
export function trackResources(): void {
  if (tracking) return;
  tracking = true;
  createHook({
    // Promises would cost more than all else together, and hold nothing open.
    trackPromises: false,
    init: (id, kind, trigger, resource) => {
      if (!HELD_KINDS.has(kind) && !LEADING_KINDS.has(kind)) return;
      const file = currentFile();
      const once = kind === 'Timeout' ? onceAfterMs(resource) : undefined;
      const before = remembered.get(trigger)?.stacks ?? [];
      const stacks = once === undefined ? [takeStack(), ...before].slice(0, STEPS_BACK) : [];
      remembered.set(id, { kind, resource: new WeakRef(resource), file, stacks });
      if (remembered.size > REMEMBERED_RESOURCES) remembered.delete(remembered.keys().next().value as number);
      // Not in the hook itself, where the resource is not yet complete.
      if (file?.over === true && HELD_KINDS.has(kind)) setImmediate(() => closeResource(kind, resource));
    },
    destroy: (id) => {
      remembered.delete(id);
    },
  }).enable();
}

/** What was opened in the name of the file, and still is. Timers of the test runner don't count. */
export function openResources(file: FileScope): OpenResource[] {
  return [...remembered.values()].flatMap(({ kind, resource, file: owner, stacks }) => {
    const object = resource.deref();
    if (owner !== file || !HELD_KINDS.has(kind) || object === undefined || !keepsAlive(object)) return [];
    const found = originOf(stacks);
    if (kind === 'Timeout' && isOfRunner(object, found)) return [];
    const once = kind === 'Timeout' ? onceAfterMs(object) : undefined;
    const origin = once === undefined ? found : `the end of ${once} ms`;
    return [{ kind, origin, close: () => closeResource(kind, object) }];
  });
}

/**
 * How long a timer that fires once was set for; undefined for one that fires again and again. The former are made by the
 * thousand, and so remembered without a stack.
 */
function onceAfterMs(timer: object): number | undefined {
  const { _idleTimeout: ms = 0, _repeat: again } = timer as { _idleTimeout?: number; _repeat?: number | null };
  return again === null || again === undefined ? ms : undefined;
}

/** The runner's own: those that repeat have no line of ours in their stack, and the one that limits the hook that asks. */
function isOfRunner(timer: object, origin: string | undefined): boolean {
  const once = onceAfterMs(timer);
  return once === undefined ? origin === undefined : once === HOOK_LIMIT_MS;
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
function keepsAlive(resource: object): boolean {
  const { hasRef, _destroyed: fired } = resource as { hasRef?: () => boolean; _destroyed?: boolean };
  return fired !== true && (hasRef === undefined || hasRef.call(resource));
}

function originOf(stacks: readonly Error[]): string | undefined {
  const frames = stacks
    .flatMap(({ stack = '' }) => stack.split('\n').slice(1))
    .map((line) =>
      line
        .trim()
        .replace(/^at /, '')
        .replace('file://', '')
        .replace(/\?vitest=\d+/, ''),
    )
    .filter((line) => !FOREIGN_FRAMES.test(line));
  return frames.find((line) => !line.includes('node_modules')) ?? frames[0];
}
