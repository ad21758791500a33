import {
  type StreamValidateSessionsRequest,
  StreamValidateSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, SyncStream } from '@gatehouse/rpc';
import { rig } from './harness.ts';
import { SESSION } from './messages.ts';
import { openStream, openUnread } from './stream-client.ts';

export type Answers = SyncStream<StreamValidateSessionsRequest, StreamValidateSessionsResponse>;

const closers: (() => unknown)[] = [];

/** Closes everything that a test has opened. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** A server of that stream, and ways to open one. */
export async function serving(open: (call: Call) => Answers, options: Parameters<typeof rig>[1] = {}) {
  const server = await rig({ streamValidateSessions: { open } }, options);
  closers.push(server.stop);
  return {
    ...server,
    begin(streamOptions?: Parameters<typeof openStream>[1]) {
      const stream = openStream(server, streamOptions);
      closers.push(stream.close);
      return stream;
    },
    unread(headers: Readonly<Record<string, string>> = {}) {
      const stream = openUnread(server, headers);
      closers.push(stream.close);
      return stream;
    },
  };
}

export const answerTo = (sessionId: string): StreamValidateSessionsResponse => ({
  result: { $case: 'session', value: { ...SESSION, sessionId } },
});
export const encoded = (sessionId: string) =>
  Buffer.from(StreamValidateSessionsResponse.encode(answerTo(sessionId)).finish());
export const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** A stream that answers at once, and tells what it was asked and whether it is over. */
export function recorded(answer: (token: string) => ReturnType<Answers['message']> = answerTo) {
  const asked: string[] = [];
  const calls: Call[] = [];
  let ends = 0;
  const open = (call: Call): Answers => {
    calls.push(call);
    return {
      message({ sessionToken }) {
        asked.push(sessionToken);
        return answer(sessionToken);
      },
      end() {
        ends += 1;
      },
    };
  };
  return { open, asked, calls, ends: () => ends };
}
