import type { Program } from './stores.mjs';

export type Command = 'up' | 'reset' | 'authz' | 'test' | 'check' | 'bench' | 'generate' | 'format';
export declare const COMMANDS: Readonly<
  Record<
    Command,
    {
      readonly summary: string;
      readonly options?: readonly (readonly [name: string, text: string])[];
      readonly entry: readonly string[] | undefined;
      readonly stores: readonly Program[];
    }
  >
>;
export declare function entryOf(command: Command, args: readonly string[]): string[] | undefined;
export declare function pinnedNode(root: string, running?: { readonly file: string; readonly version: string }): string;
