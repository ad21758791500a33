import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file whole under another name first, so that nobody ever reads half of it. */
export function replaceFile(file: string, text: string, mode: number): void {
  const unfinished = `${file}.${process.pid}.new`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, file);
}
