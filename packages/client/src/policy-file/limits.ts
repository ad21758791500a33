/** Most bytes of a file, in UTF-8. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Most values, those that an alias repeats included: what a file that repeats itself may grow to. */
export const NODES_MAX = 2_000_000;
/** Most aliases. */
export const ALIASES_MAX = 100;
/** Most levels of lists and maps in each other. */
export const DEPTH_MAX = 32;
export const ROLES_MAX = 10_000;
export const PERMISSIONS_MAX = 100_000;
/** Most permissions that one role allows itself, and most that it denies. */
export const PERMISSIONS_OF_ROLE_MAX = 2_000;
/** Most permissions that one role denies under conditions. */
export const DENIAL_CONDITIONS_MAX = 200;
/** Most ancestors of a role. */
export const LEVEL_MAX = 32;
export const EXCLUSIONS_MAX = 10_000;
export const TESTS_MAX = 10_000;
/** Most grants, and most checks, of one test. */
export const GRANTS_OF_TEST_MAX = 1_000;
export const CHECKS_OF_TEST_MAX = 1_000;
export const DESCRIPTION_CHARACTERS_MAX = 1_000;
export const CATEGORY_CHARACTERS_MAX = 100;
/** Most characters of the name of a test, and of the name of a user in it. */
export const NAME_CHARACTERS_MAX = 200;
/** Most problems that are reported. */
export const PROBLEMS_MAX = 100;
