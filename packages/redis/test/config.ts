/** Folders in which the Redis binary is looked for. */
export const searchPath = process.env.PATH ?? '';
