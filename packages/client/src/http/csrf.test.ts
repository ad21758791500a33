import { describe, expect, it } from 'vitest';
import { type CsrfOptions, suspectsCsrf } from './csrf.ts';

const HOST = { host: 'app.example.com' };

const suspects = (method: string, headers: Record<string, string>, options: CsrfOptions = {}) =>
  suspectsCsrf({ method, headers: { ...HOST, ...headers } }, options);

describe('suspectsCsrf', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('lets %s come from anywhere', (method) => {
    expect(suspects(method, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(false);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'get', 'PROPFIND', ''])('looks at %s', (method) => {
    expect(suspects(method, { 'sec-fetch-site': 'cross-site' })).toBe(true);
  });

  it('takes a WebSocket handshake for something that changes', () => {
    expect(suspects('GET', { upgrade: 'websocket', 'sec-fetch-site': 'cross-site' })).toBe(true);
    expect(suspects('GET', { upgrade: 'websocket', origin: 'https://evil.example' })).toBe(true);
    expect(suspects('GET', { 'sec-websocket-key': 'x', 'sec-fetch-site': 'same-origin' })).toBe(false);
  });

  it.each([
    ['same-origin', false],
    ['none', false],
    ['same-site', true],
    ['cross-site', true],
    ['', true],
    ['sAme-origin', true],
    ['anything', true],
  ])('goes by Sec-Fetch-Site: %s', (site, suspected) => {
    expect(suspects('POST', { 'sec-fetch-site': site })).toBe(suspected);
    expect(suspects('POST', { 'sec-fetch-site': site, origin: 'https://app.example.com' })).toBe(suspected);
  });

  it.each([
    ['https://app.example.com', false],
    ['http://app.example.com', false],
    ['https://app.example.com:443', true],
    ['https://app.example.com:8443', true],
    ['https://evil.example', true],
    ['https://app.example.com.evil.example', true],
    ['https://app.example.com, https://evil.example', true],
    ['null', true],
    ['file://', true],
  ])('goes by Origin: %s where the browser says no more', (origin, suspected) => {
    expect(suspects('POST', { origin })).toBe(suspected);
  });

  it('suspects nobody who is no browser', () => {
    expect(suspects('POST', {})).toBe(false);
  });

  it('knows the host of HTTP/2', () => {
    const headers = { ':authority': 'app.example.com:8443', origin: 'https://app.example.com:8443' };
    expect(suspectsCsrf({ method: 'POST', headers }, {})).toBe(false);
    expect(suspectsCsrf({ method: 'POST', headers: { origin: 'https://app.example.com' } }, {})).toBe(true);
  });

  it('follows its options', () => {
    const fromSibling = { 'sec-fetch-site': 'same-site', origin: 'https://www.example.com' };
    const fromElsewhere = { 'sec-fetch-site': 'cross-site', origin: 'https://partner.example' };
    expect(suspects('POST', fromSibling, { csrf: 'same-site' })).toBe(false);
    expect(suspects('POST', fromElsewhere, { csrf: 'same-site' })).toBe(true);
    expect(suspects('POST', fromElsewhere, { csrf: 'off' })).toBe(false);
    expect(suspects('POST', fromElsewhere, { trustedOrigins: ['https://partner.example'] })).toBe(false);
    expect(suspects('POST', fromElsewhere, { trustedOrigins: ['https://partner.exampl'] })).toBe(true);
  });
});
