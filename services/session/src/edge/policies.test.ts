import { Failure } from '@gatehouse/failure';
import { describe, expect, it, vi } from 'vitest';
import { policies } from './policies.ts';

function rig() {
  const logger = { error: vi.fn() };
  const audience = vi.fn((asked: string) => {
    if (asked === '' || asked === 'orders') return asked;
    throw new Failure('invalid', 'AUDIENCE_NOT_ALLOWED', 'No tokens are issued for it.');
  });
  const deps = { logger, accessTokens: { audience } } as unknown as Parameters<typeof policies>[0];
  return { logger, audience, routes: policies(deps) };
}

describe('policies of routes', () => {
  it('are read once each: the same settings give the same object', () => {
    const { routes, audience } = rig();
    const first = routes.ofSettings({ min_level: '2', audience: 'orders' });
    expect(first).toMatchObject({ minLevel: 2, audience: 'orders' });
    expect(routes.ofSettings({ min_level: '2', audience: 'orders' })).toBe(first);
    expect(routes.ofUrl('min_level=2', undefined)).toBe(routes.ofUrl('min_level=2', ''));
    expect(audience).toHaveBeenCalledTimes(2);
    expect(routes.ofSettings({})).toBe(routes.ofUrl('', undefined));
  });

  it.each([
    ['an unknown key', { minlevel: '2' }, 'minlevel'],
    ['an audience that is not configured', { audience: 'elsewhere' }, 'issued'],
  ])('that make no sense (%s) are logged once, with what is wrong', (_what, settings, why) => {
    const { routes, logger } = rig();
    for (let i = 0; i < 3; i++) expect(routes.ofSettings(settings)).toBeUndefined();
    expect(logger.error).toHaveBeenCalledExactlyOnceWith(
      { reason: 'POLICY_INVALID', why: expect.stringContaining(why) },
      expect.any(String),
    );
  });

  it('never come from a query, and one that is empty says nothing', () => {
    const { routes, logger } = rig();
    expect(routes.ofUrl('', 'anonymous=allow')).toBeUndefined();
    expect(routes.ofUrl('min_level=2', 'full=1')).toBeUndefined();
    expect(logger.error).toHaveBeenCalledOnce();
    expect(routes.ofUrl('', '')).toMatchObject({ anonymous: false });
  });

  it('are forgotten when there are more than any operator has, and read again', () => {
    const { routes } = rig();
    const tenant = (i: number) => routes.ofUrl(`header.x-tenant=t${i}`, undefined);
    const first = tenant(0);
    for (let i = 1; i < 1_000; i++) tenant(i);
    expect(tenant(0)).toBe(first);
    tenant(1_000);
    expect(tenant(0)).toEqual(first);
    expect(tenant(0)).not.toBe(first);
  });
});
