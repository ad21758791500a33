export { type Authorization, readAuthorization } from './authorization.ts';
export { trimBlanks } from './blanks.ts';
export { cookieValues, withoutCookie } from './cookies.ts';
export { AUTHORIZATION_PROBLEMS, type Credential, type CredentialProblem, readCredential } from './credential.ts';
