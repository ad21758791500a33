export declare function dockerAnswers(env: NodeJS.ProcessEnv): Promise<boolean>;
export declare function targetOf(
  dockerHost: string,
): { readonly socketPath: string } | { readonly host: string; readonly port: number } | undefined;
