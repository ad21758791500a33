import { fromFrame } from './grpc-frame.ts';
import { pump } from './pump.ts';
import type { Target } from './target.ts';

/** Asks each framed request once and answers the messages that came back, in the order of the requests. */
export async function ask(target: Target, requests: readonly Buffer[], signal: AbortSignal): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  const rest = requests.map((request, index) => ({ request, index })).values();
  await pump(
    target,
    {
      next: () => rest.next().value,
      answered: ({ index }, body) => {
        messages[index] = Buffer.from(fromFrame(body));
      },
    },
    signal,
  );
  return messages;
}
