import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Mesh, SERVICES } from '../mesh/start-mesh.ts';
import type { Stores } from './stores.ts';

/** Peers whose certificates are laid out for people to call with. */
const PEOPLE = { APP: 'app/shop', EDGE: 'edge/envoy', OPERATOR: 'operator/cli' } as const;

/** Proxies besides Envoy that deploy/compose puts in front; each needs a certificate. */
const PROXIES = ['edge/nginx', 'edge/caddy', 'edge/traefik'];

/**
 * Writes `.gatehouse/env`, which a shell reads to call the services by hand: `$IDENTITY` and so on are URLs,
 * `$SESSION_HTTP` and `$AUTHZ_HTTP` are those of the HTTP endpoints, `$AS_APP`, `$AS_EDGE` and `$AS_OPERATOR` the options
 * with which `buf curl` calls as that peer, and `$CURL_AS_APP` and so on those of `curl`.
 */
export function writeEnvironmentFile(root: string, home: string, mesh: Mesh): string {
  const lines = SERVICES.map((name) => `export ${name.toUpperCase()}=https://${localhost(mesh.address(name))}`);
  lines.push(`export SESSION_HTTP=https://${localhost(mesh.httpAddress('session'))}`);
  lines.push(`export AUTHZ_HTTP=https://${localhost(mesh.httpAddress('authz'))}`);
  for (const [variable, peer] of Object.entries(PEOPLE)) {
    const { ca, cert, key } = mesh.authority.issueSync(peer);
    const [caPath, certPath, keyPath] = [ca, cert, key].map((file) => relative(root, file));
    const options = `--cacert ${caPath} --cert ${certPath} --key ${keyPath}`;
    lines.push(`export AS_${variable}="--protocol grpc ${options}"`, `export CURL_AS_${variable}="${options}"`);
  }
  for (const proxy of PROXIES) mesh.authority.issueSync(proxy);
  const file = join(home, 'env');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** The table of what runs where, and lines that work when pasted. */
export function handbook(root: string, envFile: string, mesh: Mesh, stores: Stores): string {
  const rows = SERVICES.map((name) => {
    const admin = mesh.instances(name)[0]?.adminPort;
    return [name, `https://${localhost(mesh.address(name))}`, `http://127.0.0.1:${admin}/metrics`];
  });
  const url = new URL(stores.postgresAdminUrl);
  const redis = new URL(stores.redisUrl);
  return `
${table([['service', 'gRPC (mTLS)', 'metrics'], ...rows])}

postgres  ${url.host}${url.pathname}    redis  ${redis.host}    logs  ${relative(root, join(envFile, '../logs'))}/

Paste in another terminal, in this folder:
  . ${relative(root, envFile)}
  npx buf curl $AS_APP --list-services $SESSION
  npx buf curl $AS_APP -d '{"email":"ada@example.com","password":"seven violins in an orchard"}' \\
    $IDENTITY/gatehouse.identity.v1.IdentityService/RegisterUser

For development only: the keys lie on this disk. The data stays until npm run reset. Ctrl-C stops everything.
`;
}

function localhost(address: string): string {
  return address.replace('127.0.0.1', 'localhost');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
