/*
 * How the commands of `gatehouse authz` end. Apart from what they do, because whoever only asks for help should not wait until
 * all of that is loaded.
 */

/** `test`: all passed, some failed, or the file is wrong. */
export const TEST_EXIT = { passed: 0, failed: 1, wrong: 2 } as const;

/** `apply`: all is as the file says, something is wrong, or a dry run has found a difference. */
export const APPLY_EXIT = { same: 0, wrong: 1, different: 2 } as const;

/** `import-grants`: all is there, or something is not. */
export const IMPORT_EXIT = { done: 0, wrong: 1 } as const;
