import { type Headers, textOf } from './credential.ts';

/** What browsers are trusted to ask with a cookie of ours. */
export interface CsrfOptions {
  /** From the origin itself, the default, or also from other hosts of its site, or all; `off` where it is done elsewhere. */
  readonly csrf?: 'same-origin' | 'same-site' | 'off';
  /** Further origins, such as `https://app.example.com`. */
  readonly trustedOrigins?: readonly string[];
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Whether a request may have been made by a page of somebody else, whom the browser then lent the cookie. Browsers say so
 * in Sec-Fetch-Site (W3C Fetch Metadata), older ones in Origin; what sends neither is no browser, and lends no cookie.
 * A WebSocket handshake is a GET and opens a channel for everything, so it counts as one that changes something.
 */
export function suspectsCsrf(
  { method, headers }: { readonly method: string; readonly headers: Headers },
  { csrf = 'same-origin', trustedOrigins = [] }: CsrfOptions,
): boolean {
  if (csrf === 'off') return false;
  const handshake = headers.upgrade !== undefined || headers['sec-websocket-key'] !== undefined;
  if (SAFE_METHODS.has(method) && !handshake) return false;
  const site = headers['sec-fetch-site'];
  const origin = textOf(headers.origin, ',');
  if (origin !== '' && trustedOrigins.includes(origin)) return false;
  // "none" is the user: a typed address or a bookmark. What the specification does not know is not trusted.
  if (site !== undefined)
    return site !== 'same-origin' && site !== 'none' && !(site === 'same-site' && csrf === 'same-site');
  // HTTP/2 has the host in a pseudo-header.
  return origin !== '' && !isOriginOf(origin, textOf(headers.host ?? headers[':authority'], ','));
}

/** Whether an Origin header names the host that was asked; `null`, a list, or anything else that is no origin does not. */
function isOriginOf(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname, port, origin: canonical } = new URL(origin);
  if (canonical !== origin.toLowerCase()) return false;
  const standard = DEFAULT_PORTS[protocol];
  const asked = `${protocol}//${host}`;
  if (standard === undefined || host === '' || !URL.canParse(asked)) return false;
  const url = new URL(asked);
  return url.hostname === hostname && (url.port || standard) === (port || standard);
}
