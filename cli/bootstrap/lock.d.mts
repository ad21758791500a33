export declare function withCheckoutLock<T>(
  root: string,
  work: () => Promise<T>,
  tell?: (line: string) => void,
): Promise<T>;
export declare function takeLock(file: string): boolean;
