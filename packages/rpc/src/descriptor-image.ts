import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createFileRegistry,
  type DescExtension,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The protos as buf compiled them: where limits, reflection and idempotency are read from. */
export interface DescriptorImage {
  readonly registry: FileRegistry;
  /** The option that declares a field's limits. */
  readonly rules: DescExtension;
  /** The option of an RPC that takes no idempotency key. */
  readonly noIdempotencyKey: DescExtension;
  /** Throws when the image does not hold the message. */
  message(typeName: string): DescMessage;
  /** Throws when the image does not hold the method. `path` is `/package.Service/Method`. */
  method(path: string): DescMethod;
  /** Encoded FileDescriptorProtos by file name, without their comments. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names of the files that a file imports. */
  imports(file: string): readonly string[];
}

const RULES = 'gatehouse.options.v1.rules';
const NO_IDEMPOTENCY_KEY = 'gatehouse.options.v1.no_idempotency_key';
let loaded: DescriptorImage | undefined;

/** The image that belongs to the generated code. It is read once. */
export function descriptorImage(): DescriptorImage {
  loaded ??= parseImage(readFileSync(fileURLToPath(import.meta.resolve('@gatehouse/proto/image.binpb'))));
  return loaded;
}

function parseImage(bytes: Uint8Array): DescriptorImage {
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  const registry = createFileRegistry(set);
  const extension = (name: string) => {
    const found = registry.getExtension(name);
    if (!found) throw new Error(`The descriptor image does not hold ${name}.`);
    return found;
  };
  const files = new Map<string, Uint8Array>();
  const imports = new Map<string, readonly string[]>();
  for (const file of set.file) {
    const { sourceCodeInfo: _, ...rest } = file;
    files.set(file.name, toBinary(FileDescriptorProtoSchema, rest));
    imports.set(file.name, file.dependency);
  }
  return {
    registry,
    rules: extension(RULES),
    noIdempotencyKey: extension(NO_IDEMPOTENCY_KEY),
    files,
    imports: (file) => imports.get(file) ?? [],
    message: (typeName) => {
      const found = registry.getMessage(typeName);
      if (!found) throw new Error(`The descriptor image does not hold the message ${typeName}.`);
      return found;
    },
    method: (path) => {
      const [, service = '', name = ''] = path.split('/');
      const found = registry.getService(service)?.methods.find((method) => method.name === name);
      if (!found) throw new Error(`The descriptor image does not hold the method ${path}.`);
      return found;
    },
  };
}
