import type { FieldViolation } from '@gatehouse/failure';
import type { HttpAnswer, PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import { answering, BODY_BYTES_MAX, jsonAnswer } from './answers.ts';
import { NOTHING_CAN_MATCH } from './decisions.ts';
import type { Members } from './reading.ts';

/** A route that searches (AuthZEN, section 8). */
export function searchRoute(path: string, access: AccessRule, search: Parameters<typeof answering>[0]): PostRoute {
  return {
    name: path.slice(path.lastIndexOf('/search/') + 1).replace('/', '-'),
    method: 'POST',
    access,
    bodyBytesMax: BODY_BYTES_MAX,
    matches: (asked) => asked === path,
    handle: answering(search),
  };
}

/** The answer to a search for what can't exist here, such as a subject of another type: nothing, and why. */
export function nothingFound({ field, description }: FieldViolation): HttpAnswer {
  const context = { reason: NOTHING_CAN_MATCH, message: `${field} ${description}` };
  return jsonAnswer(JSON.stringify({ page: { next_token: '', count: 0 }, context, results: [] }));
}

/** The members that hold something. */
export function filled(members: Readonly<Record<string, readonly unknown[]>>): Members {
  return Object.fromEntries(Object.entries(members).filter(([, values]) => values.length > 0));
}
