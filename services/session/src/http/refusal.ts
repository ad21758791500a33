import type { HttpAnswer, Refusal } from '@gatehouse/http';

/** A refusal as proxies pass it on: the reason in the header that a denial has it in too. */
export function toRefusal({ status, reason }: Refusal): HttpAnswer {
  return {
    status,
    headers: [
      ['x-ext-auth-reason', reason],
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ],
    body: `${JSON.stringify({ reason })}\n`,
  };
}
