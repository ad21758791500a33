import type { DescMethod, FileRegistry } from '@bufbuild/protobuf';
import { fileNameOf, gatehouseServices } from './descriptors.ts';

/** An RPC as the folder of its service knows it. */
export interface ImplementedRpc {
  /** `CreateSession` */
  readonly name: string;
  /** `createSession`: its key in access.ts and service.ts. */
  readonly key: string;
  /** `create-session`: the name of its file and of its test. */
  readonly fileName: string;
}

/** What a service implements besides the services of its own package, and where that contract comes from. */
const FOREIGN_SERVICES: Readonly<Record<string, readonly string[]>> = {
  // Envoy asks at the edge, before it lets a request through.
  session: ['envoy.service.auth.v3.Authorization'],
};

/** Every RPC that the folder of a service must have, from the packages named `gatehouse.<service>.v<n>`. */
export function implementedRpcs(registry: FileRegistry, service: string): ImplementedRpc[] {
  const own = gatehouseServices(registry).filter((type) => packageOwner(type.typeName) === service);
  const foreign = (FOREIGN_SERVICES[service] ?? []).flatMap((typeName) => registry.getService(typeName) ?? []);
  return [...own, ...foreign].flatMap((type) => type.methods.map(toImplementedRpc));
}

/** Names of the services that the protos of Gatehouse define, each of which needs a folder. */
export function servicesOfContract(registry: FileRegistry): string[] {
  return [...new Set(gatehouseServices(registry).map((type) => packageOwner(type.typeName)))].sort();
}

function packageOwner(typeName: string): string {
  return typeName.split('.')[1] ?? '';
}

function toImplementedRpc(method: DescMethod): ImplementedRpc {
  return { name: method.name, key: method.localName, fileName: fileNameOf(method) };
}
