import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from './address.ts';

describe('a Redis URL', () => {
  it.each([
    ['redis://127.0.0.1:6400', { mode: 'single', hosts: [{ host: '127.0.0.1', port: 6400 }], db: 0, tls: undefined }],
    ['redis://cache', { hosts: [{ host: 'cache', port: 6379 }] }],
    ['rediss://cache:6380/3', { mode: 'single', db: 3, tls: { ca: undefined, cert: undefined, key: undefined } }],
    ['rediss://cache?ca=/a/ca.pem&cert=c&key=k', { tls: { ca: '/a/ca.pem', cert: 'c', key: 'k' } }],
    ['redis://cache:6380?db=4', { db: 4 }],
    ['redis://[::1]:6380', { hosts: [{ host: '::1', port: 6380 }] }],
    ['redis://user:p%40ss%3Aword@cache:1', { username: 'user', password: 'p@ss:word' }],
    ['redis://:a@b@cache:1', { username: undefined, password: 'a@b', hosts: [{ host: 'cache', port: 1 }] }],
  ])('reads %s', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  it('reads Sentinels with the name of their master', () => {
    expect(parseRedisUrl('redis+sentinel://u:p@a:1,b:2/main?db=2&sentinelPassword=s')).toEqual({
      mode: 'sentinel',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      master: 'main',
      db: 2,
      tls: undefined,
      username: 'u',
      password: 'p',
      sentinelUsername: undefined,
      sentinelPassword: 's',
    });
  });

  it('reads the nodes of a cluster', () => {
    expect(parseRedisUrl('rediss+cluster://a:1,b,c:3?ca=/ca.pem')).toMatchObject({
      mode: 'cluster',
      tls: { ca: '/ca.pem' },
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
        { host: 'c', port: 3 },
      ],
    });
  });

  it.each([
    'http://cache:1',
    'redis://',
    'redis://a:1,b:2',
    'redis://a:99999',
    'redis://a:0',
    'redis://a:1/x',
    'redis://a:1?tls=yes',
    'redis://a:1?ca=/ca.pem',
    'redis+sentinel://a:1',
    'redis+cluster://a:1/2',
    'redis://s%zz@a:1',
  ])('refuses %s', (url) => {
    expect(() => parseRedisUrl(url)).toThrow();
  });

  it('never repeats a password in its error', () => {
    expect(() => parseRedisUrl('redis://:hunter2@a:b:c')).toThrow(/^(?!.*hunter2)/);
    expect(() => parseRedisUrl('redis://:hunter2@a:99999')).toThrow(/^(?!.*hunter2)/);
    expect(() => parseRedisUrl('redis://:7?hunter2@a:6379')).toThrow(/^(?!.*hunter2).*%3F/);
    expect(() => parseRedisUrl('rediss+sentinel://:7?a=hunter2&b@a:1/main')).toThrow(/^(?!.*hunter2).*%3F/);
  });
});
