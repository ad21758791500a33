export { trimBlanks } from './blanks.ts';
export { cookieValues, withoutCookie } from './cookies.ts';
