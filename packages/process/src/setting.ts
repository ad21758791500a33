import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { z } from 'zod';

/*
 * What a variable may hold. The message of each refusal is what is expected, as it stands behind "Expected: "; what is wrong
 * goes into `params`, where more can be said than that it is something else.
 */

/** A text that `read` takes. What it throws says what is wrong, and must repeat nothing of the text, which can be a secret. */
export function readBy(read: (text: string) => unknown, expected: string) {
  return z.string({ error: expected }).superRefine((text, context) => {
    try {
      read(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: expected, params: { wrong: whyOf(error) } });
    }
  });
}

const HOST_PORT = 'host:port, such as 0.0.0.0:7001, with an IPv6 address in brackets';
const PORT_MAX = 65_535;

/** `host:port`; an IPv6 host stands in brackets. */
export const hostPort = z
  .string({ error: HOST_PORT })
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, HOST_PORT)
  .transform((value) => {
    const colon = value.lastIndexOf(':');
    return { host: value.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(value.slice(colon + 1)) };
  })
  .superRefine(({ port }, context) => {
    if (port <= PORT_MAX) return;
    context.addIssue({ code: 'custom', message: `a port of at most ${PORT_MAX}`, params: { wrong: 'names no port' } });
  });

export type HostPort = z.output<typeof hostPort>;

/** A whole number from `min` to `max`, written in decimal. */
export function integer(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string({ error: expected })
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .superRefine((value, context) => {
      if (value >= min && value <= max) return;
      const wrong = value < min ? 'is too small' : 'is too large';
      context.addIssue({ code: 'custom', message: expected, params: { wrong } });
    });
}

/**
 * Of a rule over several variables, which is told under the first of them: it is held to also where others are wrong, so that
 * one list names all, but not where one of its own is.
 */
export function across(variables: readonly [string, ...string[]], expected: string) {
  return {
    path: [variables[0]],
    message: expected,
    when: ({ issues }: { readonly issues: readonly { readonly path?: readonly PropertyKey[] | undefined }[] }) =>
      !issues.some(({ path }) => variables.includes(String(path?.[0]))),
  };
}

/** Another service, as grpc-js names targets. */
export const serviceAddress = (() => {
  const expected = 'the address of a service, such as session:7002 or dns:///session:7002';
  return z.string({ error: expected }).regex(/^[!-~]{1,1024}$/, expected);
})();

/** A file that can be read, and that `parse` takes where it is given. */
export function readableFile(expected: string, parse: (content: Buffer) => unknown = () => {}) {
  return z.string({ error: expected }).superRefine((path, context) => {
    const wrong = fileProblem(path) ?? contentProblem(path, parse);
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: expected, params: { wrong } });
  });
}

/** What keeps a file from being read, as it goes on behind the name of a variable; undefined: nothing does. */
export function fileProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return 'names no file';
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return FILE_ERRORS[codeOf(error)] ?? `names a file that can't be read (${codeOf(error)})`;
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'names a file that is not there',
  ENOTDIR: 'names a file that is not there',
  EACCES: 'names a file that this process may not read',
  ENAMETOOLONG: 'is too long for the name of a file',
};

function contentProblem(path: string, parse: (content: Buffer) => unknown): string | undefined {
  const content = readFileSync(path);
  try {
    parse(content);
    return undefined;
  } catch {
    // What a library says of the content helps nobody, and may repeat a part of it.
    return 'names a file that holds something else';
  }
}

function whyOf(error: unknown): string {
  if (error instanceof URIError) return 'holds a percent sign that encodes nothing';
  const text = error instanceof Error ? error.message : String(error);
  return `can't be used: ${text.replace(/\.$/, '')}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
