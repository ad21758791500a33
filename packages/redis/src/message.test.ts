import { describe, expect, it } from 'vitest';
import { encodeChanges, parseMessage } from './message.ts';

describe('a bus message', () => {
  it('comes back as it was sent, whatever is in the ids', () => {
    const changes = [
      { id: 'a"b\nc', version: 1n },
      { id: 'ü:{x}', version: 2n ** 64n - 1n },
    ];
    expect(parseMessage(`1763668800000001\n${encodeChanges('session', changes)}`)).toEqual({
      number: 1763668800000001,
      topic: 'session',
      changes,
    });
  });

  it.each(['', 'x', '5', 'x\n["t"]', '5\n', '5\n{}', '5\n[]', '5\n["t","a"]', '5\n["t","a","-1"]', '5\n["t",1,"1"]'])(
    'is refused when it is not one: %j',
    (text) => {
      expect(parseMessage(text)).toBeUndefined();
    },
  );
});
