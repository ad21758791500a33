import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { ConnectionShare } from '@gatehouse/rpc';
import { readBody } from './read-body.ts';
import { RequestRefused } from './refusal.ts';
import { parseStrictJson } from './strict-json.ts';

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/** Reads the body of a request as JSON. Throws RequestRefused where it is none, or longer than `bytesMax`. */
export async function readJson(
  message: IncomingMessage,
  bytesMax: number,
  unfinished: ConnectionShare,
): Promise<unknown> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = message.headers;
  if (!JSON_TYPE.test(type)) throw contentTypeNotAccepted('The body must be of the type application/json.');
  if (encoding.toLowerCase() !== 'identity') throw contentTypeNotAccepted('The body must not be compressed.');
  const body = await readBody(message, bytesMax, unfinished);
  if (!isUtf8(body)) {
    throw new RequestRefused({ status: 400, reason: 'JSON_MALFORMED', message: 'The body is not UTF-8.' });
  }
  return parseStrictJson(body.toString('utf8'));
}

function contentTypeNotAccepted(message: string): RequestRefused {
  return new RequestRefused({ status: 415, reason: 'CONTENT_TYPE_NOT_ACCEPTED', message });
}
