import type { Command } from './commands.mjs';

export type Asked =
  | { readonly text: string; readonly code: number; readonly command?: undefined }
  | { readonly text?: undefined; readonly command: Command; readonly args: string[]; readonly showsHelp: boolean };
export declare function readArguments(argv: readonly string[], root: string): Asked;
