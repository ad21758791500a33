export declare function changeGenerated(folder: string): void;
