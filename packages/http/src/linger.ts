import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long, and how much of, a body that nobody wants is thrown away before its connection is closed. */
const LINGER_MS = 1_000;
const LINGER_BYTES_MAX = 1024 * 1024;

/**
 * Ends an answer whose request was not read, when the rest of that has come: closing a connection on which something comes
 * in resets it, and the answer could be lost on the way (RFC 9112, section 9.6).
 */
export function endLingering(message: IncomingMessage, response: ServerResponse): void {
  let discarded = 0;
  const onData = (part: Buffer) => {
    discarded += part.length;
    if (discarded > LINGER_BYTES_MAX) end();
  };
  const timer = setTimeout(() => end(), LINGER_MS);
  const end = () => {
    clearTimeout(timer);
    message.off('data', onData).off('end', end).off('close', end);
    response.end();
  };
  message.on('data', onData).once('end', end).once('close', end);
}
