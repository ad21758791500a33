import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { descriptorImage } from './descriptor-image.ts';
import { idempotencyLevelOf } from './idempotency-level.ts';

const services = [...descriptorImage().registry].filter((each) => each.kind === 'service');
const methods = services.flatMap((service) => service.methods);
const isOurs = (typeName: string) => typeName.startsWith('gatehouse.');

describe('the idempotency level of a method', () => {
  it('is known for every RPC of others that is served', () => {
    const others = methods.filter(({ parent }) => !isOurs(parent.typeName));
    expect(others.map(({ parent }) => parent.typeName)).toEqual(
      expect.arrayContaining(['envoy.service.auth.v3.Authorization', 'grpc.health.v1.Health']),
    );
    for (const method of others) {
      expect([method.toString(), idempotencyLevelOf(method)]).toEqual([method.toString(), Level.NO_SIDE_EFFECTS]);
    }
  });

  it('is what the proto says for our own', () => {
    const ours = methods.filter(({ parent }) => isOurs(parent.typeName));
    expect(ours.length).toBeGreaterThan(0);
    for (const method of ours) expect(idempotencyLevelOf(method)).toBe(method.idempotency);
  });
});
