import { Failure } from '@gatehouse/failure';
import type { CsrfRule } from './csrf.ts';
import { IDENTITY_HEADERS, isIdentityHeader, type SetHeaders, setHeaders } from './edge-headers.ts';

/** What a route asks of its requests, as the operator has set it at the proxy. */
export interface EdgePolicy {
  /** Whether a request without a good session passes too, as nobody's. */
  readonly anonymous: boolean;
  /** Least authentication level, from 1 to 3. */
  readonly minLevel: number;
  /** Permission that the user must hold; undefined: none. */
  readonly permission: string | undefined;
  /** The resource on which the user must hold it, such as `tenant/7`; empty: on none in particular. */
  readonly resource: string;
  /** Whom the access token for the upstream is for; empty: the default of the service. */
  readonly audience: string;
  readonly csrf: CsrfRule;
  /** Further headers for the upstream. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The headers that are set for a request of somebody, and of nobody. */
  readonly set: SetHeaders;
  readonly setForNobody: SetHeaders;
}

/** A key and its value, as the proxy's configuration gives them. */
export type Setting = readonly [key: string, value: string];

const SETTINGS_MAX = 32;
const VALUE_LENGTH_MAX = 1_024;
const HEADERS_MAX = 16;
const HEADER_PREFIX = 'header.';
const HEADER_NAME = /^[a-z][a-z0-9-]{0,63}$/;
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/;
/** As in CheckRequest of authz. */
const ENCODED = '%(?!00)[0-9A-Fa-f]{2}';
const NAME = `(?:[A-Za-z0-9_.~-]|${ENCODED}){1,128}`;
const PAIR = `${NAME}/(?:[A-Za-z0-9_.:@~!$&'()+,;=-]|${ENCODED}){1,256}`;
const PERMISSION = new RegExp(`^${NAME}:${NAME}$`);
const RESOURCE = new RegExp(`^${PAIR}(?:/${PAIR}){0,7}$`);
const RESOURCE_LENGTH_MAX = 512;
const AUDIENCE = /^[!-~]{1,256}$/;

/** Headers that say how a message is framed, where it goes, or what the edge itself takes away. */
const NOT_TO_SET: ReadonlySet<string> = new Set(
  'authorization connection content-length cookie expect host keep-alive te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

const ANONYMOUS: Choices<boolean> = { deny: false, allow: true };
const LEVELS: Choices<number> = { '1': 1, '2': 2, '3': 3 };
const CSRF: Choices<CsrfRule> = { on: 'same-origin', 'same-site': 'same-site', off: 'off' };

/** Reads the settings of a route; none of them is the strictest policy. Throws Failure `invalid` POLICY_INVALID. */
export function parsePolicy(settings: readonly Setting[]): EdgePolicy {
  if (settings.length > SETTINGS_MAX) throw policyInvalid(`There are more than ${SETTINGS_MAX} settings.`);
  const policy: Writable<Omit<EdgePolicy, 'headers' | 'set' | 'setForNobody'>> = {
    anonymous: false,
    minLevel: 1,
    permission: undefined,
    resource: '',
    audience: '',
    csrf: 'same-origin',
  };
  const headers: [string, string][] = [];
  const seen = new Set<string>();
  for (const [key, value] of settings) {
    if (seen.has(key)) throw policyInvalid(`The key ${shown(key)} stands twice.`);
    seen.add(key);
    if (value.length > VALUE_LENGTH_MAX) throw policyInvalid(`The value of ${shown(key)} is too long.`);
    if (key === 'anonymous') policy.anonymous = choice(ANONYMOUS, key, value);
    else if (key === 'min_level') policy.minLevel = choice(LEVELS, key, value);
    else if (key === 'csrf') policy.csrf = choice(CSRF, key, value);
    else if (key === 'permission') policy.permission = matching(PERMISSION, key, value);
    else if (key === 'resource') policy.resource = resourceOf(key, value);
    else if (key === 'audience') policy.audience = matching(AUDIENCE, key, value);
    else if (key.startsWith(HEADER_PREFIX)) headers.push([headerName(key), matching(HEADER_VALUE, key, value)]);
    else throw policyInvalid(`There is no key ${shown(key)}.`);
  }
  if (headers.length > HEADERS_MAX) throw policyInvalid(`There are more than ${HEADERS_MAX} headers.`);
  if (policy.anonymous && (policy.minLevel > 1 || policy.permission !== undefined)) {
    throw policyInvalid('Whoever may pass without a session would only have to leave it out: demand nothing of it.');
  }
  if (policy.resource !== '' && policy.permission === undefined) {
    throw policyInvalid('A resource says nothing without a permission.');
  }
  const names = headers.map(([name]) => name);
  return { ...policy, headers, set: setHeaders([...IDENTITY_HEADERS, ...names]), setForNobody: setHeaders(names) };
}

/**
 * Reads settings out of a path: `key=value` with `&` between, percent-encoded where they have to be. Throws Failure
 * `invalid` POLICY_INVALID.
 */
export function parseSettings(text: string): Setting[] {
  if (text === '') return [];
  return text.split('&').map((part) => {
    const equals = part.indexOf('=');
    if (equals < 1) throw policyInvalid(`${shown(part)} is not of the form key=value.`);
    return [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))];
  });
}

/** The operator has set something that makes no sense; who asks is not told what. */
export function policyInvalid(why: string): Failure {
  return new Failure('invalid', 'POLICY_INVALID', why);
}

type Choices<T> = Readonly<Record<string, T>>;
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function choice<T>(choices: Choices<T>, key: string, value: string): T {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen === undefined) throw policyInvalid(`${key} is one of ${Object.keys(choices).join(', ')}.`);
  return chosen;
}

function matching(pattern: RegExp, key: string, value: string): string {
  if (!pattern.test(value)) throw policyInvalid(`The value of ${shown(key)} is not well formed.`);
  return value;
}

function resourceOf(key: string, value: string): string {
  if (value.length > RESOURCE_LENGTH_MAX) throw policyInvalid(`The value of ${key} is too long.`);
  return matching(RESOURCE, key, value);
}

function headerName(key: string): string {
  const name = key.slice(HEADER_PREFIX.length);
  if (!HEADER_NAME.test(name)) throw policyInvalid(`${shown(name)} is no name of a header in lower case.`);
  if (isIdentityHeader(name) || NOT_TO_SET.has(name)) throw policyInvalid(`The header ${name} may not be set.`);
  return name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw policyInvalid(`${shown(text)} is not percent-encoded rightly.`);
  }
}

/** Settings end up in a log line, whatever they hold. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
