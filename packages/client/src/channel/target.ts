import { isIP } from 'node:net';

/** Where a service answers. */
export type ServerAddress =
  | {
      /**
       * `host:port`. Calls are spread over all addresses that the name resolves to, so in Kubernetes this is the name of
       * a headless Service.
       */
      readonly address: string;
    }
  | {
      /** `ip:port` of each instance, all IPv4 or all IPv6, where there is no name for all of them. At most 64. */
      readonly addresses: readonly string[];
    };

const ADDRESSES_MAX = 64;
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** The grpc-js target of an address. Throws TypeError for one that is not of the form above. */
export function toTarget(server: ServerAddress): string {
  const addresses = 'address' in server ? [server.address] : server.addresses;
  if (addresses.length === 0 || addresses.length > ADDRESSES_MAX) {
    throw new TypeError(`A service needs from 1 to ${ADDRESSES_MAX} addresses.`);
  }
  const parts = addresses.map(splitAddress);
  if (parts.every(({ host }) => isIP(host) === 4)) return `ipv4:${parts.map(toText).join(',')}`;
  if (parts.every(({ host }) => isIP(host) === 6)) return `ipv6:${parts.map(toText).join(',')}`;
  const [first] = parts;
  if (parts.length > 1 || !first) {
    throw new TypeError('Several addresses must all be IPv4 or all be IPv6; a name may resolve to several.');
  }
  return `dns:///${toText(first)}`;
}

/** Whether all addresses are of this machine. */
export function isLoopback(server: ServerAddress): boolean {
  const addresses = 'address' in server ? [server.address] : server.addresses;
  return addresses.every((address) => LOOPBACK.test(splitAddress(address).host));
}

interface HostPort {
  readonly host: string;
  readonly port: string;
}

function splitAddress(address: string): HostPort {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new TypeError(`${JSON.stringify(address)} is not host:port.`);
  }
  return { host, port };
}

function toText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
