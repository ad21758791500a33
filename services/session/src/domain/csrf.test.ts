import { describe, expect, it } from 'vitest';
import { type CsrfRule, suspectsCsrf } from './csrf.ts';
import type { Headers } from './edge-request.ts';

const asked = (
  headers: Headers,
  { method = 'POST', host = 'shop.example.com', rule = 'same-origin' as CsrfRule } = {},
) => suspectsCsrf({ method, host, headers, ipAddress: undefined }, rule);

describe('suspectsCsrf', () => {
  it.each([
    ['the origin itself', 'same-origin', false],
    ['the user, by typing an address', 'none', false],
    ['another host of the site', 'same-site', true],
    ['another site', 'cross-site', true],
    ['something that the specification does not know', 'elsewhere', true],
    ['two headers', 'same-origin,cross-site', true],
  ])('believes Sec-Fetch-Site of %s', (_who, site, expected) => {
    expect(asked({ 'sec-fetch-site': site })).toBe(expected);
    expect(asked({ 'sec-fetch-site': site, origin: 'https://shop.example.com' })).toBe(expected);
  });

  it('lets other hosts of the site when the route says so, and no others', () => {
    expect(asked({ 'sec-fetch-site': 'same-site' }, { rule: 'same-site' })).toBe(false);
    expect(asked({ 'sec-fetch-site': 'cross-site' }, { rule: 'same-site' })).toBe(true);
  });

  it.each([
    ['https://shop.example.com', 'shop.example.com', false],
    ['https://shop.example.com', 'shop.example.com:443', false],
    ['https://shop.example.com', 'SHOP.example.com', false],
    ['http://localhost:8080', 'localhost:8080', false],
    ['http://[::1]:8080', '[::1]:8080', false],
    ['https://evil.example', 'shop.example.com', true],
    ['https://shop.example.com.evil.example', 'shop.example.com', true],
    ['https://shop.example.com:8443', 'shop.example.com', true],
    ['http://localhost:8081', 'localhost:8080', true],
    ['null', 'shop.example.com', true],
    ['', 'shop.example.com', true],
    ['https://shop.example.com,https://evil.example', 'shop.example.com', true],
    ['https://shop.example.com/path', 'shop.example.com', true],
    ['https://evil.example@shop.example.com', 'shop.example.com', true],
    ['file://shop.example.com', 'shop.example.com', true],
    ['https://shop.example.com', '', true],
  ])('without Sec-Fetch-Site holds the Origin %s against the host %s', (origin, host, expected) => {
    expect(asked({ origin }, { host })).toBe(expected);
  });

  it('lets pass what is no browser: neither header is there', () => {
    expect(asked({})).toBe(false);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('lets %s pass from everywhere', (method) => {
    expect(asked({ 'sec-fetch-site': 'cross-site' }, { method })).toBe(false);
  });

  it.each([
    ['an upgrade', 'GET', { upgrade: 'websocket' }],
    ['a WebSocket handshake whose hop-by-hop headers are gone', 'GET', { 'sec-websocket-key': 'x' }],
    ['a method that nobody told', '', {}],
    ['a method of its own', 'PURGE', {}],
    ['a method in the wrong case', 'get', {}],
  ])('takes %s for one that changes something', (_what, method, headers) => {
    expect(asked({ ...headers, 'sec-fetch-site': 'cross-site' }, { method })).toBe(true);
    expect(asked({ ...headers, 'sec-fetch-site': 'same-origin' }, { method })).toBe(false);
  });

  it('can be switched off', () => {
    expect(asked({ 'sec-fetch-site': 'cross-site' }, { rule: 'off' })).toBe(false);
  });
});
