import { describe, expect, it } from 'vitest';
import { fromFrame, toFrame } from '../src/load/grpc-frame.ts';

describe('a gRPC frame', () => {
  it('is a flag, the length and the message', () => {
    expect(toFrame(Buffer.from('abc')).toString('hex')).toBe('0000000003616263');
    expect(toFrame(Buffer.alloc(0)).toString('hex')).toBe('0000000000');
  });

  it('gives the message back', () => {
    const message = Buffer.alloc(70_000, 7);
    expect(fromFrame(toFrame(message)).equals(message)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a prefix that is cut short', '00000000'],
    ['a message that is cut short', '00000000036162'],
    ['two messages', '00000000016100000000016200'],
    ['a compressed message', '0100000003616263'],
  ])('is not %s', (_what, hex) => {
    expect(() => fromFrame(Buffer.from(hex, 'hex'))).toThrow(/not one uncompressed message/);
  });
});
