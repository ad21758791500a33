import type { HttpRequest } from './edge-request.ts';

/** Which requests with a cookie may change something: from the origin itself, also from other hosts of its site, or all. */
export type CsrfRule = 'same-origin' | 'same-site' | 'off';

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Whether a request may have been made by a page of somebody else, whom the browser then lent the cookie. Browsers say so
 * in Sec-Fetch-Site (W3C Fetch Metadata), older ones in Origin; what sends neither is no browser, and lends no cookie.
 * A WebSocket handshake is a GET and opens a channel for everything, so it counts as one that changes something.
 */
export function suspectsCsrf({ method, host, headers }: HttpRequest, rule: CsrfRule): boolean {
  if (rule === 'off') return false;
  if (SAFE_METHODS.has(method) && headers.upgrade === undefined && headers['sec-websocket-key'] === undefined) {
    return false;
  }
  const site = headers['sec-fetch-site'];
  // "none" is the user: a typed address or a bookmark. What the specification does not know is not trusted.
  if (site !== undefined) {
    return site !== 'same-origin' && site !== 'none' && !(site === 'same-site' && rule === 'same-site');
  }
  const { origin } = headers;
  return origin !== undefined && !isOriginOf(origin, host);
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
