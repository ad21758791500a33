/** One `host:port`. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Files in PEM for TLS on every connection; undefined without TLS. */
  readonly tls: TlsFiles | undefined;
}

/** Paths; what is undefined is as Node has it: its own authorities, and no certificate of the client. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Where Redis is, as its URL says. */
export type RedisAddress = Credentials &
  (
    | { readonly mode: 'single'; readonly hosts: readonly HostPort[]; readonly db: number }
    | {
        readonly mode: 'sentinel';
        readonly hosts: readonly HostPort[];
        readonly db: number;
        readonly master: string;
        readonly sentinelUsername: string | undefined;
        readonly sentinelPassword: string | undefined;
      }
    | { readonly mode: 'cluster'; readonly hosts: readonly HostPort[] }
  );

const URL_SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const HOST_SHAPE = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;
const HOSTS_MAX = 64;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const OPTIONS = {
  single: ['db'],
  sentinel: ['db', 'sentinelUsername', 'sentinelPassword'],
  cluster: [],
} as const satisfies Record<RedisAddress['mode'], readonly string[]>;
const TLS_OPTIONS = ['ca', 'cert', 'key'];

/**
 * Reads `redis://[user:password@]host:port[/db]`, `redis+sentinel://[user:password@]h1:p,h2:p/<master>[?db=0]` or
 * `redis+cluster://[user:password@]h1:p,h2:p`. `rediss…` is the same over TLS and takes `?ca=…&cert=…&key=…`, paths of
 * files in PEM. User and password are percent-encoded and are those of the data nodes; those of the Sentinels are
 * `?sentinelUsername=…&sentinelPassword=…`. Throws an Error that never repeats the URL, for it may hold a password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = URL_SHAPE.exec(url);
  if (!match) throw new Error('A Redis URL must look like redis://host:port.');
  const [, scheme, plus, userinfo, hosts = '', path = '', query = ''] = match;
  const mode = plus === 'sentinel' || plus === 'cluster' ? plus : 'single';
  const secure = scheme === 'rediss';
  const options = parseOptions(query, secure ? [...OPTIONS[mode], ...TLS_OPTIONS] : OPTIONS[mode]);
  const base = { ...parseUserinfo(userinfo), tls: secure ? tlsFiles(options) : undefined };
  if (mode === 'cluster') {
    if (path !== '') throw new Error('A Redis Cluster has one database; its URL must not name another.');
    return { ...base, mode, hosts: parseHosts(hosts, REDIS_PORT) };
  }
  if (mode === 'single') {
    if (hosts.includes(',')) throw new Error('A redis:// URL names one host; several need +sentinel or +cluster.');
    return { ...base, mode, hosts: parseHosts(hosts, REDIS_PORT), db: parseDb(path || options.get('db') || '0') };
  }
  if (path === '') throw new Error('A Sentinel URL must name its master: redis+sentinel://host:port/<master>.');
  return {
    ...base,
    mode,
    hosts: parseHosts(hosts, SENTINEL_PORT),
    master: decode(path),
    db: parseDb(options.get('db') || '0'),
    sentinelUsername: options.get('sentinelUsername') ?? undefined,
    sentinelPassword: options.get('sentinelPassword') ?? undefined,
  };
}

function parseOptions(query: string, known: readonly string[]): URLSearchParams {
  const options = new URLSearchParams(query);
  const unknown = [...options.keys()].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    // What stands between the two is the rest of a password, and must not be repeated.
    if (query.includes('@')) throw new Error('In the password of a Redis URL, a question mark is written %3F.');
    throw new Error(`A Redis URL of this kind has no option named ${unknown.join(', ')}.`);
  }
  return options;
}

function tlsFiles(options: URLSearchParams): TlsFiles {
  const [ca, cert, key] = TLS_OPTIONS.map((name) => options.get(name) ?? undefined);
  return { ca, cert, key };
}

function parseUserinfo(userinfo = ''): Pick<Credentials, 'username' | 'password'> {
  const colon = userinfo.indexOf(':');
  const username = colon < 0 ? userinfo : userinfo.slice(0, colon);
  const password = colon < 0 ? '' : userinfo.slice(colon + 1);
  return { username: decode(username) || undefined, password: decode(password) || undefined };
}

function parseHosts(list: string, defaultPort: number): HostPort[] {
  const hosts = list.split(',').map((text) => {
    const [, host, port = String(defaultPort)] = HOST_SHAPE.exec(text) ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new Error('A Redis URL names a host that is not host:port.');
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  if (hosts.length > HOSTS_MAX) throw new Error(`A Redis URL names at most ${HOSTS_MAX} hosts.`);
  return hosts;
}

function parseDb(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error('A Redis database is a small whole number.');
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('A Redis URL holds a percent sign that does not encode anything.');
  }
}
