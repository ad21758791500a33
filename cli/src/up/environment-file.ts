import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Mesh, SERVICES } from '../mesh/start-mesh.ts';
import { localhost } from './places-of-mesh.ts';

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
