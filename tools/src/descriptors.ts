import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createFileRegistry,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Where `npm run generate` leaves the descriptors of every proto that the services speak. */
export const DESCRIPTOR_IMAGE = 'proto/gen/image.binpb';

/** Reads the descriptor image. Throws with what to do when it has not been generated. */
export async function readDescriptors(root: string): Promise<FileRegistry> {
  const image = await readFile(join(root, DESCRIPTOR_IMAGE)).catch((cause: unknown) => {
    throw new Error(`${DESCRIPTOR_IMAGE} cannot be read; npm run generate makes it`, { cause });
  });
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
}

/** The services that the protos of Gatehouse define. */
export function gatehouseServices(registry: FileRegistry): DescService[] {
  return [...registry]
    .filter((type) => type.kind === 'service')
    .filter((type) => type.typeName.startsWith('gatehouse.'));
}

/** The name of the files of an RPC: `CreateSession` is `create-session`. */
export function fileNameOf(method: DescMethod): string {
  return method.name.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
}
