import { BlockList, isIPv4 } from 'node:net';
import type { ConditionInput } from '@gatehouse/client/policy';
import { canonicalAddress, canonicalNetwork } from '@gatehouse/verify';
import { Environment } from '@marcbachmann/cel-js';

/** Evaluates a condition; undefined where it gives no bool. */
export type Evaluate = (input: ConditionInput) => boolean | undefined;

class RequestFacts {
  readonly ip: string;
  readonly time: Date;
  readonly authentication_level: bigint;

  constructor({ ip, nowMs, authenticationLevel }: ConditionInput) {
    this.ip = ip;
    this.time = new Date(nowMs);
    this.authentication_level = BigInt(authenticationLevel);
  }
}

const ENVIRONMENT = new Environment()
  .registerType('Request', {
    ctor: RequestFacts,
    fields: { ip: 'string', time: 'google.protobuf.Timestamp', authentication_level: 'int' },
  })
  .registerVariable('request', 'Request')
  .registerVariable('context', 'map<string, dyn>')
  .registerFunction('string.inCidr(string): bool', inCidr);

const ranges = new Map<string, BlockList>();

/** A condition as cel-js's own evaluator takes it, whose parser is all that ours has of it. */
export function celJsCondition(source: string): Evaluate {
  const program = ENVIRONMENT.parse(source);
  return (input) => {
    const value: unknown = program({ request: new RequestFacts(input), context: input.attributes });
    return typeof value === 'boolean' ? value : undefined;
  };
}

function inCidr(ip: string, cidr: string): boolean {
  const address = canonicalAddress(ip);
  if (address === undefined) throw new Error(`Not an IP address: ${ip}`);
  const range = ranges.get(cidr) ?? parseCidr(cidr);
  ranges.set(cidr, range);
  return range.check(address, versionOf(address));
}

function parseCidr(cidr: string): BlockList {
  const [address = '', bits] = canonicalNetwork(cidr)?.split('/') ?? [];
  if (bits === undefined) throw new Error(`Not a range of IP addresses: ${cidr}`);
  const range = new BlockList();
  range.addSubnet(address, Number(bits), versionOf(address));
  return range;
}

function versionOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
