import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';

/** What calls of RPCs of others do, whose protos do not say it. */
const UNDECLARED: ReadonlyMap<string, Level> = new Map(
  [
    'envoy.service.auth.v3.Authorization/Check',
    'grpc.health.v1.Health/Check',
    'grpc.health.v1.Health/List',
    'grpc.health.v1.Health/Watch',
    'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  ].map((rpc) => [rpc, Level.NO_SIDE_EFFECTS]),
);

/** Whether a method may be called twice, and whether a call changes anything: as its proto declares it, or as we know it. */
export function idempotencyLevelOf({ parent, name, idempotency }: DescMethod): Level {
  if (idempotency !== Level.IDEMPOTENCY_UNKNOWN) return idempotency;
  return UNDECLARED.get(`${parent.typeName}/${name}`) ?? idempotency;
}
