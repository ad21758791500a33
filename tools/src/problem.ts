/** One place in the repository that breaks one of its rules. `file` is relative to the root; `line` counts from 1. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

/** The form that editors and terminals make clickable: `file:line: message`. */
export function toLine({ file, line, message }: Problem): string {
  return line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`;
}
