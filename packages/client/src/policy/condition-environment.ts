import { BlockList, isIPv4 } from 'node:net';
import { canonicalAddress, canonicalNetwork } from '@gatehouse/verify';
import { Environment } from '@marcbachmann/cel-js';
import { withPlainKeys } from './plain-keys.ts';

/** What a condition may look at. */
export interface ConditionInput {
  /** The caller's address; empty when it is not known, which leaves a condition on it undetermined. */
  readonly ip: string;
  /** Unix time by the database's clock. Milliseconds. */
  readonly nowMs: number;
  /** How strongly the user was authenticated; 0 when that is not known. */
  readonly authenticationLevel: number;
  readonly userId: string;
  readonly permission: string;
  /** The path of the resource; empty when the check is about none. */
  readonly resource: string;
  /** What the caller knows of the resource. Values are those of JSON. */
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
  /** What else the caller knows. Values are those of JSON. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The variable `request` of a condition. Its class is how the environment knows the types of its fields. */
class RequestFacts {
  readonly ip: string;
  readonly time: Date;
  readonly authentication_level: bigint;
  readonly user_id: string;
  readonly permission: string;
  readonly resource: string;

  constructor({ ip, nowMs, authenticationLevel, userId, permission, resource }: ConditionInput) {
    this.ip = ip;
    this.time = new Date(nowMs);
    this.authentication_level = BigInt(authenticationLevel);
    this.user_id = userId;
    this.permission = permission;
    this.resource = resource;
  }
}

/** What conditions are compiled in: `request`, `resource`, `context`, and the functions of CEL. */
export const ENVIRONMENT: Environment = new Environment({
  limits: { maxAstNodes: 256, maxDepth: 32, maxListElements: 64, maxMapEntries: 16, maxCallArguments: 8 },
})
  .registerType('Request', {
    ctor: RequestFacts,
    fields: {
      ip: 'string',
      time: 'google.protobuf.Timestamp',
      authentication_level: 'int',
      user_id: 'string',
      permission: 'string',
      resource: 'string',
    },
  })
  .registerVariable('request', 'Request')
  .registerVariable('resource', 'map<string, dyn>')
  .registerVariable('context', 'map<string, dyn>')
  .registerFunction('string.inCidr(string): bool', inCidr);

/** What the variables of a condition stand for. */
export function variablesOf(input: ConditionInput): Record<string, unknown> {
  return { request: new RequestFacts(input), resource: input.resourceAttributes, context: input.attributes };
}

/** The same as a program takes it. */
export function programVariablesOf(input: ConditionInput): Record<string, unknown> {
  const { request, resource, context } = variablesOf(input);
  return { request, resource: withPlainKeys(resource), context: withPlainKeys(context) };
}

/** Most ranges that are kept ready. */
const RANGES_MAX = 1_000;
const ranges = new Map<string, BlockList>();

/** `request.ip.inCidr("10.0.0.0/8")`: IPv4 and IPv6 ranges (RFC 4632, RFC 4291). Throws on what is not one. */
function inCidr(ip: string, cidr: string): boolean {
  const address = canonicalAddress(ip);
  if (address === undefined) {
    throw new Error(ip === '' ? 'The address of the caller is not known' : `Not an IP address: ${ip}`);
  }
  const range = ranges.get(cidr) ?? parseCidr(cidr);
  if (ranges.size < RANGES_MAX) ranges.set(cidr, range);
  return range.check(address, versionOf(address));
}

/** Throws on what is not a range of addresses. */
export function parseCidr(cidr: string): BlockList {
  const [address = '', bits] = canonicalNetwork(cidr)?.split('/') ?? [];
  if (bits === undefined) throw new Error(`Not a range of IP addresses: ${cidr}`);
  const range = new BlockList();
  range.addSubnet(address, Number(bits), versionOf(address));
  return range;
}

function versionOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
