import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService as V1,
} from '@gatehouse/proto/grpc/reflection/v1/reflection.ts';
import { ServerReflectionService as V1Alpha } from '@gatehouse/proto/grpc/reflection/v1alpha/reflection.ts';
import { status } from '@grpc/grpc-js';
import { type DescriptorImage, descriptorImage } from './descriptor-image.ts';
import { type Mounted, mount } from './mount.ts';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** Any peer with a certificate of the mesh may read the protos: they are public. */
const everyone = { serverReflectionInfo: { peers: ['*'] } };

/**
 * Server reflection (grpc.reflection.v1, and v1alpha for older tools) over the descriptor image, so that descriptors
 * come out with their imports and options as buf compiled them.
 */
export function reflection(services: readonly string[]): Mounted[] {
  const image = descriptorImage();
  const handlers = {
    serverReflectionInfo: async function* (requests: AsyncIterable<ServerReflectionRequest>) {
      for await (const request of requests) {
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(image, services, request) };
      }
    },
  };
  return [mount(V1, handlers, everyone), mount(V1Alpha, handlers, everyone)];
}

function answer(
  image: DescriptorImage,
  services: readonly string[],
  { messageRequest }: ServerReflectionRequest,
): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(image, image.files.has(messageRequest.value) ? messageRequest.value : undefined);
    case 'fileContainingSymbol':
      return files(image, fileOf(image, messageRequest.value));
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      const type = image.registry.getMessage(containingType);
      const extension = type && image.registry.getExtensionFor(type, extensionNumber);
      return files(image, extension?.file.proto.name);
    }
    case 'allExtensionNumbersOfType': {
      const numbers = [...image.registry].flatMap((d) =>
        d.kind === 'extension' && d.extendee.typeName === messageRequest.value ? [d.number] : [],
      );
      return {
        $case: 'allExtensionNumbersResponse',
        value: { baseTypeName: messageRequest.value, extensionNumber: numbers },
      };
    }
    default:
      return refusal(status.INVALID_ARGUMENT, 'The request names nothing to find.');
  }
}

/** The file that declares a symbol, which may also be a method, a field or an enum value inside a type. */
function fileOf(image: DescriptorImage, symbol: string): string | undefined {
  for (let name = symbol.replace(/^\./, ''); name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = image.registry.get(name);
    if (found) return found.file.proto.name;
  }
  return undefined;
}

/** A file with everything that it imports, so that a client needs no second question. */
function files(image: DescriptorImage, name: string | undefined): Answer {
  if (name === undefined) return refusal(status.NOT_FOUND, 'There is no such file, symbol or extension.');
  const wanted = new Set<string>();
  const collect = (file: string) => {
    if (wanted.has(file)) return;
    wanted.add(file);
    for (const imported of image.imports(file)) collect(imported);
  };
  collect(name);
  const fileDescriptorProto = [...wanted].flatMap((file) => {
    const bytes = image.files.get(file);
    return bytes ? [Buffer.from(bytes)] : [];
  });
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function refusal(errorCode: number, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
