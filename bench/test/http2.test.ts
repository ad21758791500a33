import { describe, expect, it } from 'vitest';
import { headerBlocks } from '../src/load/hpack.ts';
import { http2Client } from '../src/load/http2-client.ts';
import { FLAG, type Frame, frameReader, PREFACE, TYPE, toBytes, windowUpdate } from '../src/load/http2-frames.ts';
import { decodeTrailers } from '../src/load/trailers.ts';

function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  frameReader((frame) => frames.push(frame))(bytes);
  return frames;
}

/** A header block in which nothing is remembered or compressed (HPACK, RFC 7541, section 6.2.2). */
function plainBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

describe('frames', () => {
  it('come out as they went in, wherever what is received is cut', () => {
    const bytes = Buffer.concat([
      toBytes(TYPE.HEADERS, FLAG.END_HEADERS, 1, Buffer.from('block')),
      toBytes(TYPE.DATA, 0, 1, Buffer.alloc(300, 7)),
      toBytes(TYPE.SETTINGS, FLAG.ACK, 0),
    ]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const frames: string[] = [];
      const read = frameReader(({ type, flags, stream, payload }) => {
        frames.push(`${type} ${flags} ${stream} ${payload.length}`);
      });
      read(bytes.subarray(0, cut));
      read(bytes.subarray(cut));
      expect(frames).toEqual(['1 4 1 5', '0 0 1 300', '4 1 0 0']);
    }
  });
});

describe('a header block', () => {
  it('names the headers once, and points to them from then on', () => {
    const { first, later } = headerBlocks([
      ['te', 'trailers'],
      [':method', 'POST'],
    ]);
    expect(first.toString('latin1')).toBe('\x40\x02te\x08trailers\x40\x07:method\x04POST');
    // The static table ends at 61, and the header that was named last comes first.
    expect([...later]).toEqual([0x80 | 63, 0x80 | 62]);
  });

  it('is refused when a string does not fit', () => {
    expect(() => headerBlocks([[':path', 'x'.repeat(127)]])).toThrow(RangeError);
  });
});

describe('trailers', () => {
  it('are decoded behind the headers of an answer', async () => {
    const block = plainBlock([
      ['grpc-status', '0'],
      ['grpc-message', 'OK'],
    ]);
    await expect(decodeTrailers(block, { alone: false })).resolves.toMatchObject({ 'grpc-status': '0' });
  });

  it('are decoded where they are all that comes', async () => {
    const block = Buffer.concat([Buffer.of(0x88), plainBlock([['grpc-status', '16']])]);
    await expect(decodeTrailers(block, { alone: true })).resolves.toMatchObject({ 'grpc-status': '16' });
  });

  it('are refused when they are none', async () => {
    await expect(decodeTrailers(Buffer.of(0xff, 0xff, 0xff, 0xff), { alone: false })).rejects.toThrow();
  });
});

describe('the client', () => {
  const blocks = headerBlocks([['te', 'trailers']]);
  const opened = () => {
    const failures: string[] = [];
    const client = http2Client(blocks, {
      data: () => {},
      headers: () => {},
      failed: ({ message }) => failures.push(message),
    });
    return { client, failures };
  };

  it('greets, and then sends each request on the next odd stream', () => {
    const { client } = opened();
    const greeting = Buffer.concat(client.takeOutgoing());
    expect(greeting.subarray(0, PREFACE.length)).toEqual(PREFACE);
    expect(framesOf(greeting.subarray(PREFACE.length)).map(({ type }) => type)).toEqual([
      TYPE.SETTINGS,
      TYPE.WINDOW_UPDATE,
    ]);
    expect([client.request(Buffer.from('a'), 0), client.request(Buffer.from('b'), 1)]).toEqual([1, 3]);
    const sent = framesOf(Buffer.concat(client.takeOutgoing()));
    expect(sent.map(({ type, stream }) => [type, stream])).toEqual([
      [TYPE.HEADERS, 1],
      [TYPE.DATA, 1],
      [TYPE.HEADERS, 3],
      [TYPE.DATA, 3],
    ]);
    expect([sent[0]?.payload, sent[2]?.payload]).toEqual([blocks.first, blocks.later]);
  });

  it('sends no more than the server has room for', () => {
    const { client } = opened();
    const half = Buffer.alloc(40_000);
    expect(client.request(half, 0)).toBe(1);
    expect(client.request(half, 1)).toBeUndefined();
    client.receive(windowUpdate(20_000));
    expect(client.request(half, 1)).toBe(3);
  });

  it('opens no more streams than the server allows', () => {
    const { client } = opened();
    client.receive(toBytes(TYPE.SETTINGS, 0, 0, Buffer.from('000300000002', 'hex')));
    expect(client.request(Buffer.from('a'), 2)).toBeUndefined();
    expect(client.request(Buffer.from('a'), 1)).toBe(1);
  });

  it.each([
    ['a broken off call', toBytes(TYPE.RST_STREAM, 0, 1, Buffer.from('00000007', 'hex')), /RST_STREAM with error 7/],
    ['a goodbye', toBytes(TYPE.GOAWAY, 0, 0, Buffer.from('0000000100000000', 'hex')), /GOAWAY with error 0/],
    ['an answer without trailers', toBytes(TYPE.DATA, FLAG.END_STREAM, 1, Buffer.from('a')), /DATA with flags 1/],
    ['a split header block', toBytes(TYPE.HEADERS, 0, 1, Buffer.from('a')), /HEADERS with flags 0/],
  ])('gives up on %s', (_what, bytes, message) => {
    const { client, failures } = opened();
    client.receive(bytes);
    expect(failures).toEqual([expect.stringMatching(message)]);
  });
});
