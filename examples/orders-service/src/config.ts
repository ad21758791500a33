/** Where the service listens, and how it reaches Gatehouse. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** `host:port` of the session service. */
  readonly sessionAddress: string;
  /** Paths of PEM files. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly trustDomain: string;
  /** Who issues access tokens, and whom those for this service are for. */
  readonly issuer: string;
  readonly audience: string;
}

/** Reads the configuration; throws one error that names every variable that is missing. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const missing: string[] = [];
  const read = (name: string): string => {
    const value = env[name];
    if (!value) missing.push(name);
    return value ?? '';
  };
  const config = {
    host: env.ORDERS_HOST ?? '127.0.0.1',
    port: Number(env.ORDERS_PORT ?? '8080'),
    sessionAddress: read('GATEHOUSE_SESSION_ADDRESS'),
    ca: read('GATEHOUSE_TLS_CA'),
    cert: read('GATEHOUSE_TLS_CERT'),
    key: read('GATEHOUSE_TLS_KEY'),
    trustDomain: read('GATEHOUSE_TRUST_DOMAIN'),
    issuer: env.GATEHOUSE_ISSUER ?? 'https://gatehouse.local',
    audience: env.GATEHOUSE_AUDIENCE ?? 'gatehouse',
  };
  if (missing.length > 0) throw new Error(`Set ${missing.join(', ')}.`);
  return config;
}
