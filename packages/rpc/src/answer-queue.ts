/** The answers of one stream that have not left yet. */
export interface AnswerQueue {
  /** Whether no further request is to be read now. */
  readonly isFull: boolean;
  /** Takes the answer to the next request. A promise that is rejected ends the stream in its turn. */
  add(answer: unknown): void;
  /** Ends the stream well when everything before has been answered. */
  end(): void;
  /** Ends it with an error when everything before has been answered. */
  fail(error: unknown): void;
  /** Forgets everything: nobody waits for it any more. */
  clear(): void;
}

export interface AnswerQueueOptions {
  encode(answer: unknown): Buffer;
  /** Puts an answer on its way; `written` is to be called when it has left the process. */
  write(bytes: Buffer, written: () => void): void;
  /** There may be room for further requests. */
  room(): void;
  /** The turn of the end has come; the error is undefined when it is a good one. */
  ended(error: unknown): void;
}

/** Requests of one stream that may be read and not be answered, or be answered and not have left. */
export const OUTSTANDING_MAX = 1_000;
/** Answers that may wait until the caller reads. Bytes; one answer may be on top. */
export const UNWRITTEN_BYTES_MAX = 256 * 1024;

/** The place of an answer that is not there yet, or that waits for one before it. */
interface Slot {
  state: 'waiting' | 'answered' | 'end';
  bytes: Buffer | undefined;
  error: unknown;
}

/** Writes the answers of a stream in the order of their requests, however long each of them takes. */
export function answerQueue({ encode, write, room, ended }: AnswerQueueOptions): AnswerQueue {
  let slots: Slot[] = [];
  let head = 0;
  let unwritten = 0;
  let unwrittenBytes = 0;
  let isClosing = false;

  const send = (bytes: Buffer) => {
    unwritten += 1;
    unwrittenBytes += bytes.length;
    write(bytes, () => {
      unwritten -= 1;
      unwrittenBytes -= bytes.length;
      room();
    });
  };
  const put = (state: Slot['state'], bytes?: Buffer, error?: unknown): Slot => {
    const slot = { state, bytes, error };
    slots.push(slot);
    return slot;
  };
  const forget = () => {
    slots.length = 0;
    head = 0;
  };
  const advance = () => {
    for (let slot = slots[head]; slot && slot.state !== 'waiting'; slot = slots[head]) {
      head += 1;
      if (slot.state === 'end') {
        forget();
        ended(slot.error);
        return;
      }
      if (slot.bytes) send(slot.bytes);
    }
    if (head === slots.length) forget();
    else if (head >= OUTSTANDING_MAX) {
      slots = slots.slice(head);
      head = 0;
    }
    room();
  };
  const wait = async (answer: Promise<unknown>) => {
    const slot = put('waiting');
    try {
      slot.bytes = encode(await answer);
      slot.state = 'answered';
    } catch (error) {
      slot.error = error ?? nothing();
      slot.state = 'end';
      isClosing = true;
    }
    advance();
  };
  const close = (error: unknown) => {
    isClosing = true;
    put('end', undefined, error);
    advance();
  };
  return {
    get isFull() {
      return isClosing || slots.length - head + unwritten >= OUTSTANDING_MAX || unwrittenBytes >= UNWRITTEN_BYTES_MAX;
    },
    add(answer) {
      if (answer instanceof Promise) void wait(answer);
      else if (head === slots.length) send(encode(answer));
      else put('answered', encode(answer));
    },
    end: () => close(undefined),
    fail: (error) => close(error ?? nothing()),
    clear() {
      isClosing = true;
      forget();
    },
  };
}

function nothing(): Error {
  return new Error('Undefined was thrown.');
}
