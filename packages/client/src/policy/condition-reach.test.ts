import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';
import { mayLookAt } from './condition-reach.ts';

describe('a condition may look at', () => {
  it.each([
    ['request.ip.inCidr("10.0.0.0/8") && request.authentication_level >= 2', false, false],
    ['context.emergency == true', false, false],
    ['request.user_id == "a"', false, false],
    ['request . permission == "a:b"', true, false],
    ['request.resource == "a/b"', false, true],
    ['resource.owner == request.user_id', false, true],
    ['"owner" in resource', false, true],
    ['request["permissio\\u006e"] == "a:b"', true, true],
    ['[request].exists(r, r.permission == "a:b")', true, true],
  ])('%s: the permission %s, the resource %s', (source, permission, resource) => {
    const condition = compileCondition(source);
    expect(mayLookAt(condition, 'permission')).toBe(permission);
    expect(mayLookAt(condition, 'resource')).toBe(resource);
  });
});
