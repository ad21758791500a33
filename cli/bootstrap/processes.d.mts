export declare function shouldForward(
  signal: NodeJS.Signals,
  state: { readonly inForeground: boolean; readonly sinceLastMs: number },
): boolean;
export declare function step(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string>;
