export declare function liveHolder(file: string): number | undefined;
