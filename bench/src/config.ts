/** Folders in which programs are looked for, as the shell would. */
export const programPath = process.env.PATH ?? '';
