import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** A descriptor image with the given RPCs of each service, such as `gatehouse.session.v1.SessionService`. */
export function plantedImage(services: Readonly<Record<string, readonly string[]>>): Uint8Array {
  const file = Object.entries(services).map(([typeName, rpcs]) => {
    const owner = typeName.slice(0, typeName.lastIndexOf('.'));
    return {
      name: `${owner.replaceAll('.', '/')}.proto`,
      package: owner,
      syntax: 'proto3',
      messageType: [{ name: 'Nothing' }],
      service: [
        {
          name: typeName.slice(owner.length + 1),
          method: rpcs.map((name) => ({ name, inputType: `.${owner}.Nothing`, outputType: `.${owner}.Nothing` })),
        },
      ],
    };
  });
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}
