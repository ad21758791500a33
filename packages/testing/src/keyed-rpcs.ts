import { getOption, hasOption } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { descriptorImage, type RpcDefinitions } from '@gatehouse/rpc';

/** The unary RPCs of a service that change something, by whether they take an idempotency key. */
export function changingRpcs(definition: RpcDefinitions): { readonly keyed: string[]; readonly unkeyed: string[] } {
  const { method, noIdempotencyKey } = descriptorImage();
  const changing = Object.values(definition)
    .map(({ path }) => method(path))
    .filter(({ methodKind, idempotency }) => methodKind === 'unary' && idempotency !== Level.NO_SIDE_EFFECTS);
  const refuses = (each: (typeof changing)[number]) =>
    hasOption(each, noIdempotencyKey) && getOption(each, noIdempotencyKey) === true;
  return {
    keyed: changing.filter((each) => !refuses(each)).map(({ name }) => name),
    unkeyed: changing.filter(refuses).map(({ name }) => name),
  };
}
