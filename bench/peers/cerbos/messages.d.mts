import type { JsonValue } from '@bufbuild/protobuf';

export function encode(request: JsonValue): Uint8Array;
export function decode(response: Uint8Array): JsonValue;
