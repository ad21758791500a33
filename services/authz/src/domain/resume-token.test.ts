import { describe, expect, it } from 'vitest';
import { assertReadable, formatSnapshot, type LogPosition, parseSnapshot } from './log-position.ts';
import { formatResumeToken, parseResumeToken } from './resume-token.ts';

const HISTORY = '6b0a4c11aa5500ff00000003';
const at = (snapshot: string, history = HISTORY) => parseSnapshot(history, snapshot);
const refusal = (kind: string, reason: string) => expect.objectContaining({ kind, reason });
const INVALID = refusal('invalid', 'RESUME_TOKEN_INVALID');
const EXPIRED = refusal('precondition', 'RESUME_TOKEN_EXPIRED');

describe('a resume token', () => {
  it.each(['725:725:', '725:900:725,726,899', '1:2:1', '18446744073709551614:18446744073709551615:'])(
    'stands for the position %s',
    (snapshot) => {
      const position = at(snapshot);
      expect(formatSnapshot(position)).toBe(snapshot);
      expect(parseResumeToken(formatResumeToken(position))).toEqual(position);
    },
  );

  it('keeps to a size, and then stands for what came before the oldest running transaction', () => {
    const running = Array.from({ length: 501 }, (_, index) => BigInt(1_000 + 2 * index));
    const position: LogPosition = { history: HISTORY, xmin: 1_000n, xmax: 3_000n, running };
    expect(parseResumeToken(formatResumeToken(position))).toEqual(at('1000:1000:'));
    const most = { ...position, running: running.slice(0, 500) };
    expect(parseResumeToken(formatResumeToken(most))).toEqual(most);
    expect(formatResumeToken({ ...most, xmax: 2n ** 63n }).length).toBeLessThan(8_192);
  });

  const good = formatResumeToken(at('725:900:725,800'));
  const bytes = (change: (bytes: Buffer) => Buffer | undefined) => {
    const copy = Buffer.from(good, 'base64url');
    return (change(copy) ?? copy).toString('base64url');
  };
  it.each([
    ['is empty', ''],
    ['is no base64url', '*'],
    ['has padding', `${good}=`],
    ['is of another version', bytes((b) => void b.writeUInt8(2, 0))],
    ['is cut off in its head', bytes((b) => b.subarray(0, 20))],
    ['has a head and nothing else', bytes((b) => b.subarray(0, 21))],
    ['ends within a number', bytes((b) => Buffer.concat([b, Buffer.of(0x80)]))],
    ['writes a number longer than it is', bytes((b) => Buffer.concat([b.subarray(0, 21), Buffer.of(0x80, 0)]))],
    ['has a number of more than ten bytes', bytes((b) => Buffer.concat([b, Buffer.alloc(11, 0x80), Buffer.of(1)]))],
    ['names a running transaction twice', bytes((b) => Buffer.concat([b, Buffer.of(0)]))],
    ['names a running transaction from beyond its end', bytes((b) => Buffer.concat([b, Buffer.of(100)]))],
    ['names a transaction that can not be', bytes((b) => void b.fill(0xff, 13, 21))],
    ['names too many', bytes((b) => Buffer.concat([b.subarray(0, 21), Buffer.of(0xff, 0x7f), Buffer.alloc(501, 1)]))],
  ])('is refused when it %s', (_what, token) => {
    expect(() => parseResumeToken(token)).toThrow(INVALID);
  });
});

describe('a position can be read from', () => {
  const extent = { position: at('800:900:800'), sweptThrough: 500n };

  it.each(['501:501:', '501:900:501', '800:900:800,850'])('at %s', (snapshot) => {
    expect(() => assertReadable(at(snapshot), extent)).not.toThrow();
  });

  it.each([
    ['swept', at('500:700:500'), EXPIRED],
    ['of another timeline', at('700:700:', '6b0a4c11aa5500ff00000002'), EXPIRED],
    ['of another timeline, and further on', at('999:999:', '6b0a4c11aa5500ff00000002'), EXPIRED],
    ['not reached', at('800:901:800'), INVALID],
  ])('but not one that is %s', (_what, position, error) => {
    expect(() => assertReadable(position, extent)).toThrow(error);
  });

  it('is no text that Postgres would not write', () => {
    expect(() => at('1:2')).toThrow('no snapshot');
  });
});
