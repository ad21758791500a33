import { describe, expect, it } from 'vitest';
import { parseUrl, splitPassword, withRole } from './url.ts';

const target = {
  host: 'db',
  port: 5432,
  user: 'me',
  password: 'secret',
  database: 'main',
  options: undefined,
  tls: undefined,
};

describe('parseUrl', () => {
  it.each([
    ['postgres://me:secret@db/main', target],
    ['postgresql://me:secret@db:6432/main?sslmode=disable', { ...target, port: 6432 }],
    ['postgres://me:p%40ss%2Fword@db/main', { ...target, password: 'p@ss/word' }],
    ['postgres://me@db', { ...target, password: undefined, database: 'me' }],
    ['postgres://me:secret@[::1]/main', { ...target, host: '::1' }],
    ['postgres://me:secret@/main?host=/run/postgresql', { ...target, host: '/run/postgresql' }],
    ['postgres://me:secret@db/main?options=-c%20geqo%3Doff', { ...target, options: '-c geqo=off' }],
  ])('reads %s', (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  it.each([
    ['require', '', 'none'],
    ['require', '&sslrootcert=/ca', 'authority'],
    ['verify-ca', '&sslrootcert=/ca', 'authority'],
    ['verify-full', '', 'host'],
  ])('sslmode=%s%s checks %s', (mode, files, verify) => {
    expect(parseUrl(`postgres://me:secret@db/main?sslmode=${mode}${files}`).tls).toMatchObject({ verify });
  });

  it.each([
    ['mysql://me:secret@db/main', 'looks like'],
    ['secret', 'looks like'],
    ['postgres://:secret@db/main', 'names no user'],
    ['postgres://me:secret@db/main?sslmode=prefer', 'sslmode=prefer'],
    ['postgres://me:secret@db/main?ssl_mode=require', 'ssl_mode'],
    ['postgres://me:7?secret@db/main', '%3F'],
    ['postgres://me:7?secret&x=y@db:5432/main?sslmode=require', '%3F'],
  ])('refuses %s without showing the password', (url, message) => {
    const refused = () => parseUrl(url);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow('secret');
  });
});

describe('withRole', () => {
  it('keeps everything but the role', () => {
    const url = withRole('postgres://me:secret@db:6432/main?sslmode=require', 'you', 'p@ss/word');
    expect(parseUrl(url)).toMatchObject({
      host: 'db',
      port: 6432,
      user: 'you',
      password: 'p@ss/word',
      database: 'main',
    });
    expect(parseUrl(url).tls).toBeDefined();
  });
});

describe('splitPassword', () => {
  it('leaves a URL without the password', () => {
    const split = splitPassword('postgres://me:p%40ss@db/main');
    expect(split).toEqual({ url: 'postgres://me@db/main', password: 'p@ss' });
  });
});
