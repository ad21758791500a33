import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';

describe('a condition may look at', () => {
  it.each([
    ['request.ip.inCidr("10.0.0.0/8") && request.authentication_level >= 2', false, false],
    ['context.emergency == true', false, false],
    ['request.user_id == "a"', false, false],
    ['request . permission == "a:b"', true, false],
    ['request.resource == "a/b"', false, true],
    ['resource.owner == request.user_id', false, true],
    ['"owner" in resource', false, true],
    ['request["permissio\\u006e"] == "a:b"', true, false],
    ['has(request.resource)', false, true],
    ['[1].exists(resource, resource == 1)', false, false],
    ['context.resource == context.permission', false, false],
    ['request[context.field] == "a:b"', true, true],
    ['[request].exists(r, r.permission == "a:b")', true, true],
  ])('%s: the permission %s, the resource %s', (source, permission, resource) => {
    const { openFacts } = compileCondition(source);
    expect(openFacts.has('permission')).toBe(permission);
    expect(openFacts.has('resource')).toBe(resource);
  });
});
