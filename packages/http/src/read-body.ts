import type { IncomingMessage } from 'node:http';
import { Failure } from '@gatehouse/failure';
import { type ConnectionShare, unfinishedTooMuch } from '@gatehouse/rpc';
import { RequestRefused } from './refusal.ts';

/** How long a body may take to come in. */
const BODY_TIMEOUT_MS = 2_000;

/**
 * Reads a body. Throws RequestRefused BODY_TOO_LARGE as soon as its declared length, or what has come of it, is more than
 * `bytesMax`, BODY_TIMEOUT when it is too slow, and Failure `cancelled` when the caller goes away, or `limited`
 * UNFINISHED_REQUESTS_TOO_MANY when its peer sends too much at once.
 */
export async function readBody(
  message: IncomingMessage,
  bytesMax: number,
  unfinished: ConnectionShare,
): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const parts: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    const onData = (part: Buffer) => {
      length += part.length;
      const fits = unfinished.keep(part.length);
      if (length > bytesMax) return stop(tooLarge(bytesMax));
      if (!fits) return stop(unfinishedTooMuch());
      parts.push(part);
    };
    const onEnd = () => stop();
    const onClose = () => stop(new Failure('cancelled', 'CANCELLED', 'The caller went away.'));
    const timer = setTimeout(() => stop(timeout()), BODY_TIMEOUT_MS);
    const stop = (error?: Error) => {
      clearTimeout(timer);
      unfinished.giveBack(length);
      message.off('data', onData).off('end', onEnd).off('close', onClose);
      if (!error) return resolve();
      message.pause();
      reject(error);
    };
    message.on('data', onData).once('end', onEnd).once('close', onClose);
  });
  return Buffer.concat(parts, length);
}

function tooLarge(bytesMax: number): RequestRefused {
  const message = `The body must have at most ${bytesMax} bytes.`;
  return new RequestRefused({ status: 413, reason: 'BODY_TOO_LARGE', message });
}

function timeout(): RequestRefused {
  return new RequestRefused({ status: 408, reason: 'BODY_TIMEOUT', message: 'The body did not come in time.' });
}
