export { canonicalAddress, canonicalNetwork, formatIPv6, ipv6Groups } from './address.ts';
export { type Authorization, readAuthorization } from './authorization.ts';
export { trimBlanks } from './blanks.ts';
export { type CertificateLife, certificateLife, lifeProblem, lifeWarning } from './certificate-life.ts';
export { cookieValues, withoutCookie } from './cookies.ts';
export { AUTHORIZATION_PROBLEMS, type Credential, type CredentialProblem, readCredential } from './credential.ts';
export { readSvid, type Svid, SvidError } from './svid.ts';
