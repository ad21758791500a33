/** How the server's certificate is checked, and with which files; undefined where the connection is not encrypted. */
export interface TlsSettings {
  /** 'none' encrypts only, 'authority' checks who signed the certificate, 'host' checks the host name as well. */
  readonly verify: 'none' | 'authority' | 'host';
  readonly rootCertificatePath: string | undefined;
  readonly certificatePath: string | undefined;
  readonly keyPath: string | undefined;
}

/** One Postgres database and the role to use there, as a URL names them. */
export interface Target {
  /** A host name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** Command-line options for the backend, such as `-c geqo=off`. */
  readonly options: string | undefined;
  readonly tls: TlsSettings | undefined;
}

const DEFAULT_PORT = 5432;
const PARAMETERS = new Set(['host', 'options', 'sslcert', 'sslkey', 'sslmode', 'sslrootcert']);

/**
 * Reads `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=/path`. `host=/directory` names a
 * Unix socket. sslmode is disable (as is none), require, verify-ca or verify-full, with the meaning they have in psql;
 * the modes that fall back to plain text (allow, prefer) are refused. Throws an Error that never holds the password.
 */
export function parseUrl(text: string): Target {
  const url = toUrl(text);
  const unknown = [...url.searchParams.keys()].filter((name) => !PARAMETERS.has(name));
  if (unknown.length > 0) {
    // What stands between the two is the rest of a password, and must not be repeated.
    if (url.search.includes('@')) throw new Error('In the password of a Postgres URL, a question mark is written %3F.');
    throw new Error(`The Postgres URL has parameters that are not known: ${unknown.join(', ')}.`);
  }
  const user = decodeURIComponent(url.username);
  if (user === '') throw new Error('The Postgres URL names no user.');
  return {
    host: url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user,
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    options: url.searchParams.get('options') ?? undefined,
    tls: parseTls(url.searchParams),
  };
}

/** The same place for another role. */
export function withRole(text: string, user: string, password: string): string {
  const url = toUrl(text);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** The URL without its password, and the password, for programs whose arguments everybody on the machine can read. */
export function splitPassword(text: string): { url: string; password: string | undefined } {
  const url = toUrl(text);
  url.password = '';
  return { url: url.href, password: parseUrl(text).password };
}

function toUrl(text: string): URL {
  // An empty host, as in postgres://user@/database?host=/run/postgresql, is usual for sockets, but no valid URL.
  const url = URL.parse(text.replace('@/', '@localhost/'));
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new Error('A Postgres URL looks like postgres://user:password@host:5432/database.');
  }
  return url;
}

function parseTls(parameters: URLSearchParams): TlsSettings | undefined {
  const mode = parameters.get('sslmode') ?? 'disable';
  const rootCertificatePath = parameters.get('sslrootcert') ?? undefined;
  const files = {
    rootCertificatePath,
    certificatePath: parameters.get('sslcert') ?? undefined,
    keyPath: parameters.get('sslkey') ?? undefined,
  };
  switch (mode) {
    case 'disable':
      return undefined;
    case 'require':
      // psql checks the authority too as soon as it is given one.
      return { verify: rootCertificatePath === undefined ? 'none' : 'authority', ...files };
    case 'verify-ca':
      return { verify: 'authority', ...files };
    case 'verify-full':
      return { verify: 'host', ...files };
    default:
      throw new Error(`sslmode=${mode} is not supported: use disable, require, verify-ca or verify-full.`);
  }
}
