import { describe, expect, it } from 'vitest';
import { requiredParts } from './config.ts';
import { findPart, PARTS } from './parts.mjs';

describe('a part from outside', () => {
  it('is where its variable says, else on the machine, else nowhere', () => {
    expect(findPart('nginx', { GATEHOUSE_NGINX: '/opt/nginx', PATH: '' })).toBe('/opt/nginx');
    expect(findPart('pgbackrest', { PATH: '/nowhere' })).toBeUndefined();
  });

  it('has a command that brings it', () => {
    for (const { command, title, apt } of Object.values(PARTS)) {
      expect(command, title).toMatch(
        apt === undefined ? /^(apt-get install |python3 -m venv .* install )/ : /^apt-get install /,
      );
    }
  });
});

describe('GATEHOUSE_REQUIRE', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['nginx, caddy,', ['nginx', 'caddy']],
  ])('of %s requires %j', (text, expected) => {
    expect([...requiredParts({ GATEHOUSE_REQUIRE: text })]).toEqual(expected);
  });

  it('names only what there is', () => {
    expect(() => requiredParts({ GATEHOUSE_REQUIRE: 'nginx,ngnix' })).toThrow(/names ngnix; it may name .*nginx/);
  });
});
