import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { CheckResourcesRequestSchema } from '@cerbos/api/cerbos/request/v1/request_pb';
import { CheckResourcesResponseSchema } from '@cerbos/api/cerbos/response/v1/response_pb';

/** Encodes a CheckResourcesRequest that is given as JSON. */
export function encode(request) {
  return toBinary(CheckResourcesRequestSchema, fromJson(CheckResourcesRequestSchema, request));
}

/** Decodes a CheckResourcesResponse to JSON. */
export function decode(response) {
  return toJson(CheckResourcesResponseSchema, fromBinary(CheckResourcesResponseSchema, response));
}
