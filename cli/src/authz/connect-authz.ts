import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '@gatehouse/process';
import { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { type Client, certificateSource, connect } from '@gatehouse/rpc';
import { type CliConfig, homeOf } from '../config.ts';

/** The service that takes policies and grants in bulk, as an operator has it. */
export type PolicyClient = Client<typeof PolicyServiceService>;

/** Connects to the authz service that the configuration names, or else to the one that `up` has started. */
export function connectAuthz(root: string, config: CliConfig): PolicyClient {
  const home = homeOf(root, config);
  const files = {
    ca: config.GATEHOUSE_TLS_CA ?? join(home, 'tls/ca.pem'),
    cert: config.GATEHOUSE_TLS_CERT ?? join(home, 'tls/operator-cli.pem'),
    key: config.GATEHOUSE_TLS_KEY ?? join(home, 'tls/operator-cli.key'),
  };
  const address = config.GATEHOUSE_AUTHZ_ADDRESS ?? addressIn(join(home, 'env'));
  const certificates = certificateSource({ ...files, logger: silentLogger });
  const trustDomain = config.GATEHOUSE_TRUST_DOMAIN;
  const transport = { kind: 'mtls', certificates, trustDomain, serverName: 'authz' } as const;
  const client = connect({ definition: PolicyServiceService, address, transport });
  const close = () => {
    client.close();
    certificates.stop();
  };
  return { ...client, close };
}

/** The address in the file that `up` writes for shells. */
function addressIn(file: string): string {
  const found = /^export AUTHZ=https:\/\/(\S+)$/m.exec(read(file) ?? '')?.[1];
  if (found) return found.replace(/^localhost:/, '127.0.0.1:');
  throw new Error(`${file} names no authz service: start one with "npm run up", or set GATEHOUSE_AUTHZ_ADDRESS.`);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
