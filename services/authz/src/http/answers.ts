import { type Failure, isFailure } from '@gatehouse/failure';
import type { HttpAnswer, JsonRequest, PostRoute, RefusalForm } from '@gatehouse/http';
import { fieldsInvalid } from '@gatehouse/rpc';
import { isBeyondSteps } from '../domain/undecided.ts';
import { isObject, type Members } from './reading.ts';

/** Longest request: as much as one over gRPC may have. */
export const BODY_BYTES_MAX = 256 * 1024;

/** An answer with JSON, which nobody is to keep. */
export function jsonAnswer(json: string): HttpAnswer {
  const headers = [
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
  ] as const;
  return { status: 200, headers, body: json };
}

/**
 * An error as AuthZEN has it (section 10.1.2): a status, and a sentence. The reason is in a header of its own. A content type
 * that is not JSON is a bad request there.
 */
export const toRefusal: RefusalForm = ({ status, reason, message }) =>
  errorAnswer(status === 415 ? 400 : status, reason, message);

/**
 * Answers a request by its object. A Failure `invalid` is a bad request, and so is one of conditions that take too many steps,
 * which nobody is to try again; any other is thrown on.
 */
export function answering(
  answer: (members: Members, request: JsonRequest) => HttpAnswer | Promise<HttpAnswer>,
): PostRoute['handle'] {
  return (request) => {
    try {
      const { json } = request;
      if (!isObject(json)) throw fieldsInvalid([{ field: 'The body', description: 'must be an object' }]);
      const answered = answer(json, request);
      return answered instanceof Promise ? answered.catch(toBadRequest) : answered;
    } catch (error) {
      return toBadRequest(error);
    }
  };
}

function toBadRequest(error: unknown): HttpAnswer {
  if (!isOfRequest(error)) throw error;
  return errorAnswer(400, error.reason, error.message);
}

function isOfRequest(error: unknown): error is Failure {
  return isBeyondSteps(error) || (isFailure(error) && error.kind === 'invalid');
}

function errorAnswer(status: number, reason: string, message: string): HttpAnswer {
  const headers = [
    ['content-type', 'text/plain; charset=utf-8'],
    ['gatehouse-reason', reason],
    ['cache-control', 'no-store'],
  ] as const;
  return { status, headers, body: message };
}
