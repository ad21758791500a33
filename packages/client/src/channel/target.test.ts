import { describe, expect, it } from 'vitest';
import { isLoopback, toTarget } from './target.ts';

describe('toTarget', () => {
  it.each([
    [{ address: 'session.gatehouse.svc:7102' }, 'dns:///session.gatehouse.svc:7102'],
    [{ address: 'localhost:7102' }, 'dns:///localhost:7102'],
    [{ address: '192.0.2.1:7102' }, 'ipv4:192.0.2.1:7102'],
    [{ address: '[2001:db8::1]:7102' }, 'ipv6:[2001:db8::1]:7102'],
    [{ addresses: ['192.0.2.1:7102', '192.0.2.2:7103'] }, 'ipv4:192.0.2.1:7102,192.0.2.2:7103'],
    [{ addresses: ['[::1]:1', '[::2]:2'] }, 'ipv6:[::1]:1,[::2]:2'],
  ])('turns %j into %s', (address, target) => {
    expect(toTarget(address)).toBe(target);
  });

  it.each([
    [{ address: '' }],
    [{ address: 'session' }],
    [{ address: 'session:0' }],
    [{ address: 'session:65536' }],
    [{ address: 'https://session:7102' }],
    [{ address: 'unix:/run/session.sock' }],
    [{ address: 'a:1,b:2' }],
    [{ addresses: [] }],
    [{ addresses: ['a:1', 'b:1'] }],
    [{ addresses: ['192.0.2.1:1', '[::1]:1'] }],
    [{ addresses: Array.from({ length: 65 }, (_, index) => `192.0.2.1:${index + 1}`) }],
  ])('refuses %j', (address) => {
    expect(() => toTarget(address)).toThrow(TypeError);
  });

  it('knows which addresses are of this machine', () => {
    expect(isLoopback({ addresses: ['127.0.0.1:1', '127.8.0.1:2'] })).toBe(true);
    expect(isLoopback({ address: '[::1]:1' })).toBe(true);
    expect(isLoopback({ addresses: ['127.0.0.1:1', '192.0.2.1:2'] })).toBe(false);
    expect(isLoopback({ address: 'localhost.example.com:1' })).toBe(false);
  });
});
