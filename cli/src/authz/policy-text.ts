import { readFile, stat } from 'node:fs/promises';
import { FILE_BYTES_MAX, type Problem, type Warning } from '@gatehouse/client/policy-file';

/** Something that is wrong with a file: the parser, the command or the service has a code for it. */
export type FileProblem = Omit<Problem, 'code'> & { readonly code: string };

/** The text of a policy file, or why it can't be read. */
export async function readPolicy(file: string): Promise<string | FileProblem> {
  const nowhere = { line: 1, column: 1 };
  try {
    // What is far too large is not read into memory; the parser has the exact limit.
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) {
      return { ...nowhere, code: 'FILE_TOO_LARGE', message: `The file has more than ${FILE_BYTES_MAX} bytes.` };
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...nowhere, code: 'FILE_UNREADABLE', message: `The file can't be read: ${why}.` };
  }
}

/** Tells problems with their places: one line each, or all as one line of JSON, with what the file is warned of. */
export function tellProblems(
  file: string,
  problems: readonly FileProblem[],
  json: boolean,
  print: (line: string) => void,
  warnings: readonly Warning[] = [],
): void {
  if (json) print(JSON.stringify({ problems, ...(warnings.length > 0 && { warnings }) }));
  for (const { line, column, code, message } of json ? [] : problems) {
    print(`${file}:${line}:${column}: ${message} [${code}]`);
  }
}

/** Tells what is not wrong with a file but deserves a look, a line each. In JSON it stands beside what the command tells. */
export function tellWarnings(file: string, warnings: readonly Warning[], print: (line: string) => void): void {
  for (const { line, column, code, message } of warnings) {
    print(`${file}:${line}:${column}: warning: ${message} [${code}]`);
  }
}
